import * as vscode from "vscode";
import { randomUUID } from "node:crypto";
import { contextKeys } from "../../shared/contributions";
import type { ConversationEntry } from "../../shared/conversation";
import {
  Ask,
  CutConversation,
  GetConversation,
  type AnswerResult,
  type Mention,
  type QuestionForm,
} from "../../shared/protocol";
import type { AskSelection, ConversationTurn } from "../../shared/views";
import { DisposableStore } from "../disposables";
import type { AnswerDelta, EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { Conversation } from "./conversation";
import type { KeptConversations } from "./keptConversations";
import { rangeLabel } from "./rangeLabel";
import { keptTurns, type Question } from "./turns";

export type { AskSelection } from "../../shared/views";

/** What a question has besides its text and its selection. */
export interface AskDetails {
  readonly mentions?: readonly Mention[];
  readonly form?: QuestionForm;
}

/** Errors after which a question is kept and asked again by itself once a model is there. */
const heldCodes: readonly string[] = ["LS-302", "LS-306"];

/** Asks questions one at a time and shows one conversation, which the engine keeps. */
export class AskController implements vscode.Disposable {
  private readonly scope = new DisposableStore();
  private readonly changed = this.scope.add(new vscode.EventEmitter<void>());
  private readonly appended = this.scope.add(new vscode.EventEmitter<AnswerDelta>());
  /** Place of a turn in the kept conversation. */
  private readonly places = new Map<string, number>();
  private running: { readonly id: string; readonly cancel: vscode.CancellationTokenSource } | null = null;
  private kept: { readonly id: string; readonly title: string } | null = null;
  private restored: Promise<void> | null = null;
  private fetching = false;

  readonly conversation = new Conversation();
  /** Anything but a delta changed. */
  readonly onDidChange = this.changed.event;
  /** A piece was appended to the streaming answer. */
  readonly onDelta = this.appended.event;

  constructor(
    private readonly engine: EngineClient,
    private readonly keeping: KeptConversations,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.scope.add(engine.onDelta((delta) => this.append(delta)));
    let before = engine.status.state;
    this.scope.add(
      engine.onDidChangeStatus(({ state }) => {
        // A running engine that had no model has one now.
        if (before === "noModel" && state !== "noModel" && engine.pid !== undefined) this.askHeld();
        before = state;
      }),
    );
    this.scope.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0 && this.conversation.fileChanged(document.uri.toString())) this.changed.fire();
      }),
    );
  }

  get answering(): boolean {
    return this.running !== null;
  }

  /** The kept conversation that is shown; null while nothing of it is kept. */
  get shown(): { readonly id: string; readonly title: string } | null {
    return this.kept;
  }

  /** The last conversation of the workspace is being fetched. */
  get restoring(): boolean {
    return this.fetching;
  }

  /** Shows the conversation that this workspace had open last, once; a question that came first is left alone. */
  restore(): Promise<void> {
    return (this.restored ??= this.fetchLast());
  }

  /** Asks a question; null while another is being answered, when it is stopped before an answer, or when it fails. */
  ask(question: string, selection: AskSelection | null, details: AskDetails = {}): Promise<AnswerResult | null> {
    const { label: about = null, range = null } = selection ?? {};
    const { form = "ask", mentions = [] } = details;
    return this.send({ question, form, about, selection: range, mentions });
  }

  /** Asks the question of a turn again: the last in its place, an earlier one at the end. */
  async retry(id: string): Promise<AnswerResult | null> {
    const turn = this.conversation.turn(id);
    if (turn === undefined || this.answering) return null;
    if (turn === this.conversation.turns.at(-1)) await this.cut(turn);
    return this.send(turn);
  }

  /** Forgets a turn and all after it, here and where the conversation is kept. */
  async cutAt(id: string): Promise<void> {
    const turn = this.conversation.turn(id);
    if (turn !== undefined && !this.answering) await this.cut(turn);
  }

  /** Stops the answer; what was written stays. */
  stop(): void {
    this.running?.cancel.cancel();
  }

  /** Stops and begins a new conversation; the one that was shown stays kept. */
  clear(): void {
    this.stop();
    this.show(null, []);
    void this.keeping.begin();
  }

  /**
   * Shows a kept conversation.
   * @throws ResponseError of the engine
   */
  async open(id: string): Promise<void> {
    if (id === this.kept?.id) return;
    const conversation = await this.engine.request(GetConversation, { id });
    this.stop();
    this.show(conversation, keptTurns(conversation, rangeLabel));
    await this.keeping.setOpen(id);
  }

  /** The shown conversation was renamed. */
  renamed(entry: Pick<ConversationEntry, "id" | "title">): void {
    if (entry.id !== this.kept?.id) return;
    this.kept = { id: entry.id, title: entry.title };
    this.changed.fire();
  }

  dispose(): void {
    this.stop();
    this.scope.dispose();
  }

  private async fetchLast(): Promise<void> {
    if (!this.keeping.any) return;
    this.fetching = true;
    this.changed.fire();
    try {
      const conversation = await this.keeping.lastOpen();
      if (conversation === null || this.conversation.turns.length > 0) return;
      this.show(conversation, keptTurns(conversation, rangeLabel));
      await this.keeping.setOpen(conversation.id);
    } catch (error) {
      this.restored = null;
      this.log.warn(`The last conversation was not restored: ${errorValueOf(error).message}`);
    } finally {
      this.fetching = false;
      this.changed.fire();
    }
  }

  private show(kept: { readonly id: string; readonly title: string } | null, turns: readonly ConversationTurn[]): void {
    this.kept = kept === null ? null : { id: kept.id, title: kept.title };
    this.conversation.load(turns);
    this.places.clear();
    turns.forEach((turn, index) => this.places.set(turn.id, index));
    this.publish();
  }

  private async cut(turn: ConversationTurn): Promise<void> {
    const index = this.conversation.turns.indexOf(turn);
    const before = this.conversation.turns.slice(0, index);
    this.conversation.cut(turn.id);
    this.changed.fire();
    if (this.kept === null) return;
    const turns = 1 + Math.max(-1, ...before.map(({ id }) => this.places.get(id) ?? -1));
    try {
      await this.engine.request(CutConversation, { id: this.kept.id, turns });
    } catch (error) {
      // What is kept has a turn too many then; the question is asked all the same.
      this.log.warn(`The conversation was not cut: ${errorValueOf(error).message}`);
    }
  }

  private async send(question: Question): Promise<AnswerResult | null> {
    if (this.running !== null || question.question.trim() === "") return null;
    const id = randomUUID();
    const cancel = new vscode.CancellationTokenSource();
    this.running = { id, cancel };
    this.conversation.ask(id, question);
    this.publish();
    try {
      if (this.conversation.turns.length === 1 && this.kept === null) await this.keeping.begin();
      const { form, selection, mentions } = question;
      const answer = await this.engine.request(
        Ask,
        {
          askId: id,
          question: question.question,
          ...(form === "ask" ? {} : { form }),
          ...(selection === null ? {} : { selection }),
          ...(mentions.length === 0 ? {} : { mentions }),
          ...(this.kept === null ? {} : { conversation: this.kept.id }),
        },
        cancel.token,
      );
      this.conversation.complete(id, answer);
      await this.keep(id, answer);
      return answer;
    } catch (error) {
      const value = errorValueOf(error);
      if (cancel.token.isCancellationRequested) this.conversation.stop(id);
      else this.conversation.fail(id, value);
      return null;
    } finally {
      cancel.dispose();
      this.running = null;
      this.publish();
      if (this.kept === null) void this.adopt();
    }
  }

  /** Notes where the engine has kept the answer, unless another conversation is shown by now. */
  private async keep(id: string, { conversation }: AnswerResult): Promise<void> {
    const turn = this.conversation.turn(id);
    if (!conversation || turn === undefined) return;
    this.places.set(id, conversation.turn);
    if (this.kept?.id === conversation.id) return;
    this.kept = { id: conversation.id, title: turn.question };
    await this.keeping.setOpen(conversation.id);
  }

  /** A first question without an answer is kept too: what is asked next goes on with it. */
  private async adopt(): Promise<void> {
    try {
      const entry = await this.keeping.adoptNewest();
      if (entry === null || this.kept !== null) return;
      this.kept = { id: entry.id, title: entry.title };
      this.changed.fire();
    } catch (error) {
      this.log.warn(`The conversation was not found: ${errorValueOf(error).message}`);
    }
  }

  private append(delta: AnswerDelta): void {
    const turn = this.conversation.turn(delta.askId);
    if (turn === undefined || this.running?.id !== delta.askId) return;
    this.conversation.append(delta.askId, delta.text, delta.tokens);
    if (turn.state === "waiting") this.changed.fire();
    else this.appended.fire(delta);
  }

  private askHeld(): void {
    const last = this.conversation.turns.at(-1);
    if (last?.error && heldCodes.includes(last.error.code)) void this.retry(last.id);
  }

  private publish(): void {
    void vscode.commands.executeCommand("setContext", contextKeys.answering, this.answering);
    void vscode.commands.executeCommand("setContext", contextKeys.hasTrace, this.conversation.lastTrace !== null);
    this.changed.fire();
  }
}
