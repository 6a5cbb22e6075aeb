import * as vscode from "vscode";
import { views } from "../../shared/contributions";
import { AskView, type AskViewCommand, type AskViewState } from "../../shared/views";
import type { AskController, AskSelection } from "../ask/askController";
import type { ModelList } from "../ask/models";
import { DisposableStore } from "../disposables";
import type { EngineClient } from "../engineClient";
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
  private post: ((now: boolean) => void) | undefined;
  private draft: AskViewState["draft"] = null;
  private selection: AskSelection | null = null;
  private serial = 0;

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
  get currentDraft(): AskViewState["draft"] {
    return this.draft;
  }

  /** Shows the view, with `text` in its input and the lines that it is about. */
  async show(text: string | null, selection: AskSelection | null): Promise<void> {
    if (text !== null || selection !== null) this.setDraft(text ?? "", selection);
    await vscode.commands.executeCommand(`${views.ask}.focus`);
  }

  /** The lines that the next question is about. */
  setSelection(selection: AskSelection | null): void {
    this.setDraft(null, selection);
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    view.webview.options = webviewOptions(this.context.extensionUri);
    const channel = new ViewChannel(view, this.context.log);
    this.listen(channel);
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
      this.post = undefined;
    });
    view.webview.html = webviewHtml(view.webview, this.context.extensionUri, "ask", "Longsight");
  }

  dispose(): void {
    this.scope.dispose();
  }

  private state(): AskViewState {
    const folders = vscode.workspace.workspaceFolders;
    return {
      workspace:
        folders === undefined ? null : (vscode.workspace.name ?? folders.map((folder) => folder.name).join(", ")),
      trusted: vscode.workspace.isTrusted,
      status: this.context.engine.status,
      models: this.context.models.models,
      turns: this.context.controller.conversation.turns,
      draft: this.draft,
    };
  }

  private setDraft(text: string | null, selection: AskSelection | null): void {
    this.selection = selection;
    const serial = text === null ? (this.draft?.serial ?? this.serial) : ++this.serial;
    this.draft = { serial, text: text ?? this.draft?.text ?? "", about: selection?.label ?? null };
    this.post?.(false);
  }

  private listen(channel: ViewChannel): void {
    const { controller, log } = this.context;
    channel.on(AskView.ready, null, () => {
      this.post?.(true);
      this.context.shown();
    });
    channel.on(AskView.ask, askMessages.ask, ({ question }) => {
      if (controller.answering || !vscode.workspace.isTrusted) return;
      const selection = this.selection;
      this.setDraft(null, null);
      return controller.ask(question, selection);
    });
    channel.on(AskView.stop, null, () => controller.stop());
    channel.on(AskView.retry, askMessages.retry, ({ id }) => controller.retry(id));
    channel.on(AskView.newConversation, null, () => controller.clear());
    channel.on(AskView.clearSelection, null, () => this.setSelection(null));
    channel.on(AskView.copy, askMessages.copy, ({ text }) => vscode.env.clipboard.writeText(text));
    channel.on(AskView.command, askMessages.command, ({ command }) => this.context.runCommand(command));
    channel.on(AskView.downloadModel, askMessages.downloadModel, ({ id }) => this.context.downloadModel(id));
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
