import * as vscode from "vscode";
import { views } from "../../shared/contributions";
import { SuggestQuestions } from "../../shared/protocol";
import {
  AskView,
  type AskDraft,
  type AskQuestion,
  type AskSelection,
  type AskViewCommand,
  type AskViewState,
} from "../../shared/views";
import type { AskController } from "../ask/askController";
import type { History } from "../ask/history";
import { linesPreview } from "../ask/linesPreview";
import { droppedMentions, findMentions, inWorkspace } from "../ask/mentionSources";
import type { ModelList } from "../ask/models";
import { editorSelection } from "../commands/selection";
import { DisposableStore } from "../disposables";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { askMessages } from "./messages";
import { openLocation, workspaceFile } from "./openLocation";
import { ViewChannel } from "./viewChannel";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** What the Ask view needs from the rest of the extension. */
export interface AskViewContext {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly engine: EngineClient;
  readonly controller: AskController;
  readonly history: History;
  readonly models: ModelList;
  /** Runs what a button of the view stands for. */
  runCommand(command: AskViewCommand): Promise<void>;
  downloadModel(id: string): Promise<void>;
  showAttention(trace: string): Promise<void>;
  /** Called when the view is shown: the engine starts then. */
  shown(): void;
}

/** Time between two states sent to the view, in ms; deltas are not delayed. */
const statePeriod = 50;

/** Feeds the Ask view with one state and carries out what it asks for. */
export class AskViewProvider implements vscode.WebviewViewProvider, vscode.Disposable {
  private readonly scope = new DisposableStore();
  private view: vscode.WebviewView | undefined;
  private channel: ViewChannel | undefined;
  private post: ((now: boolean) => void) | undefined;
  private draft: AskDraft | null = null;
  private suggestions: readonly string[] = [];
  /** The list of conversations is shown as soon as the page can. */
  private historyWanted = false;

  constructor(private readonly context: AskViewContext) {
    const { engine, controller, models } = context;
    const update = (): void => this.post?.(false);
    this.scope.add(vscode.window.registerWebviewViewProvider(views.ask, this));
    this.scope.add(engine.onDidChangeStatus(update));
    this.scope.add(controller.onDidChange(update));
    this.scope.add(models.onDidChange(update));
    this.scope.add(vscode.workspace.onDidGrantWorkspaceTrust(update));
    this.scope.add(vscode.workspace.onDidChangeWorkspaceFolders(update));
  }

  get visible(): boolean {
    return this.view?.visible === true;
  }

  /** What waits in the input. */
  get currentDraft(): AskDraft | null {
    return this.draft;
  }

  /** Shows the view, with `text` in its input and the lines that it is about. */
  async show(text: string | null, selection: AskSelection | null): Promise<void> {
    if (text !== null || selection !== null) {
      // The time, so that serials grow over reloads too: the page remembers the last that it took.
      const serial = Math.max(Date.now(), (this.draft?.serial ?? 0) + 1);
      this.draft = { serial, text, about: selection?.label ?? null, selection };
      this.post?.(false);
    }
    await vscode.commands.executeCommand(`${views.ask}.focus`);
  }

  /** Shows the view with the list of conversations. */
  async showHistory(): Promise<void> {
    this.historyWanted = true;
    await vscode.commands.executeCommand(`${views.ask}.focus`);
    this.sendHistory();
  }

  /** Fetches the questions that the start page suggests. */
  async suggest(): Promise<void> {
    try {
      this.suggestions = await this.context.engine.request(SuggestQuestions, {});
      this.post?.(false);
    } catch (error) {
      this.context.log.warn(`No questions are suggested: ${errorValueOf(error).message}`);
    }
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    view.webview.options = webviewOptions(this.context.extensionUri);
    const channel = new ViewChannel(view, this.context.log);
    this.listen(channel);
    this.answer(channel);
    channel.add(
      this.context.controller.onDelta(({ askId, text, tokens }) =>
        channel.send(AskView.delta, { id: askId, text, tokens }),
      ),
    );
    let timer: NodeJS.Timeout | undefined;
    this.post = (now) => {
      clearTimeout(now ? timer : undefined);
      const send = (): void => {
        timer = undefined;
        channel.send(AskView.state, this.state());
      };
      if (now) send();
      else timer ??= setTimeout(send, statePeriod);
    };
    this.view = view;
    view.onDidDispose(() => {
      clearTimeout(timer);
      this.view = undefined;
      this.channel = undefined;
      this.post = undefined;
    });
    view.webview.html = webviewHtml(view.webview, this.context.extensionUri, "ask", "Longsight");
  }

  dispose(): void {
    this.scope.dispose();
  }

  private state(): AskViewState {
    const folders = vscode.workspace.workspaceFolders;
    const { engine, models, controller } = this.context;
    return {
      workspace:
        folders === undefined ? null : (vscode.workspace.name ?? folders.map((folder) => folder.name).join(", ")),
      trusted: vscode.workspace.isTrusted,
      status: engine.status,
      models: models.models,
      turns: controller.conversation.turns,
      conversation: controller.shown,
      restoring: controller.restoring,
      suggestions: this.suggestions,
      draft: this.draft,
    };
  }

  private sendHistory(): void {
    if (!this.historyWanted || this.channel === undefined) return;
    this.historyWanted = false;
    this.channel.send(AskView.showHistory, {});
  }

  private listen(channel: ViewChannel): void {
    const { controller, history, log } = this.context;
    channel.on(AskView.ready, null, () => {
      this.channel = channel;
      this.post?.(true);
      this.sendHistory();
      this.context.shown();
    });
    channel.on(AskView.ask, askMessages.ask, async (message) => {
      if (controller.answering || !vscode.workspace.isTrusted) return;
      const { question, selection, mentions, replaces } = inWorkspace(message as AskQuestion);
      this.draft = null;
      if (replaces !== null) await controller.cutAt(replaces);
      await controller.ask(question, selection, { mentions });
    });
    channel.on(AskView.stop, null, () => controller.stop());
    channel.on(AskView.retry, askMessages.retry, ({ id }) => controller.retry(id));
    channel.on(AskView.newConversation, null, () => controller.clear());
    channel.on(AskView.openConversation, askMessages.conversation, ({ id }) => controller.open(id));
    channel.on(AskView.exportConversation, askMessages.conversation, ({ id }) => history.export(id));
    channel.on(AskView.copy, askMessages.copy, ({ text }) => vscode.env.clipboard.writeText(text));
    channel.on(AskView.command, askMessages.command, ({ command }) => this.context.runCommand(command));
    channel.on(AskView.downloadModel, askMessages.model, ({ id }) => this.context.downloadModel(id));
    channel.on(AskView.showAttention, askMessages.showAttention, ({ trace }) => this.context.showAttention(trace));
    channel.on(AskView.openFile, askMessages.openFile, ({ uri }) => this.open(uri, null, false));
    channel.on(AskView.openCitation, askMessages.openCitation, ({ citation, toSide }) => {
      const known = controller.conversation.knownCitation(citation);
      if (known === null) {
        log.warn(`No answer cites ${citation.uri}:${citation.startLine}-${citation.endLine}`);
        return;
      }
      if (known.turn.changed.includes(known.citation.path)) {
        const message = vscode.l10n.t(
          "{0} has changed since the answer: the lines may have moved.",
          known.citation.path,
        );
        vscode.window.setStatusBarMessage(message, 8_000);
      }
      return this.open(known.citation.uri, known.citation, toSide);
    });
  }

  private answer(channel: ViewChannel): void {
    const { controller, engine, history } = this.context;
    channel.onRequest(AskView.history, askMessages.history, ({ query }) => history.list(query));
    channel.onRequest(AskView.renameConversation, askMessages.renameConversation, ({ id, title }) =>
      history.rename(id, title),
    );
    channel.onRequest(AskView.deleteConversation, askMessages.conversation, ({ id }) => history.delete(id));
    channel.onRequest(AskView.findMentions, askMessages.findMentions, ({ text }) => findMentions(engine, text));
    channel.onRequest(AskView.dropped, askMessages.dropped, ({ uris }) => droppedMentions(uris));
    channel.onRequest(AskView.editorSelection, askMessages.nothing, () => Promise.resolve(editorSelection()));
    channel.onRequest(AskView.preview, askMessages.preview, async (wanted) => {
      const citation = controller.conversation.knownCitation(wanted)?.citation;
      const uri = citation === undefined ? null : workspaceFile(citation.uri);
      return uri === null || citation === undefined ? null : linesPreview(uri, citation.startLine, citation.endLine);
    });
  }

  private async open(
    text: string,
    range: { startLine: number; endLine: number } | null,
    toSide: boolean,
  ): Promise<void> {
    const uri = workspaceFile(text);
    if (uri === null) this.context.log.warn(`${text} is not a file of this workspace and was not opened.`);
    else await openLocation(uri, range, toSide);
  }
}
