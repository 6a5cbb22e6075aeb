import * as vscode from "vscode";
import { randomUUID } from "node:crypto";
import { contextKeys } from "../../shared/contributions";
import {
  Ask,
  type AnswerResult,
  type AskParams,
  type AskRange,
  type Mention,
  type QuestionForm,
} from "../../shared/protocol";
import { DisposableStore } from "../disposables";
import type { AnswerDelta, EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { Conversation } from "./conversation";

/** The lines that the next question is about, with their name for the user. */
export interface AskSelection {
  readonly range: AskRange;
  readonly label: string;
}

/** What a question has besides its text and its selection. */
export interface AskDetails {
  readonly mentions?: readonly Mention[];
  readonly form?: QuestionForm;
}

/** Errors after which a question is kept and asked again by itself once a model is there. */
const heldCodes: readonly string[] = ["LS-302", "LS-306"];

/** Asks questions one at a time and keeps the conversation. */
export class AskController implements vscode.Disposable {
  private readonly scope = new DisposableStore();
  private readonly changed = this.scope.add(new vscode.EventEmitter<void>());
  private readonly appended = this.scope.add(new vscode.EventEmitter<AnswerDelta>());
  private readonly ranges = new Map<string, AskRange>();
  private readonly details = new Map<string, AskDetails>();
  private running: { readonly id: string; readonly cancel: vscode.CancellationTokenSource } | null = null;

  readonly conversation = new Conversation();
  /** Anything but a delta changed. */
  readonly onDidChange = this.changed.event;
  /** A piece was appended to the streaming answer. */
  readonly onDelta = this.appended.event;

  constructor(private readonly engine: EngineClient) {
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

  /** Asks a question; null while another is being answered, when it is stopped before an answer, or when it fails. */
  ask(question: string, selection: AskSelection | null, details: AskDetails = {}): Promise<AnswerResult | null> {
    const id = randomUUID();
    this.details.set(id, details);
    if (selection !== null) this.ranges.set(id, selection.range);
    return this.send(id, question, selection?.label ?? null);
  }

  /** Asks the question of a turn again, in its place. */
  retry(id: string): Promise<AnswerResult | null> {
    const turn = this.conversation.turn(id);
    return turn === undefined ? Promise.resolve(null) : this.send(id, turn.question, turn.about);
  }

  /** Stops the answer; what was written stays. */
  stop(): void {
    this.running?.cancel.cancel();
  }

  /** Stops, forgets all turns and starts anew. */
  clear(): void {
    this.stop();
    this.conversation.clear();
    this.ranges.clear();
    this.details.clear();
    this.publish();
  }

  dispose(): void {
    this.stop();
    this.scope.dispose();
  }

  private async send(id: string, question: string, about: string | null): Promise<AnswerResult | null> {
    if (this.running !== null || question.trim() === "") return null;
    const cancel = new vscode.CancellationTokenSource();
    this.running = { id, cancel };
    this.conversation.ask(id, question, about);
    this.publish();
    try {
      const selection = this.ranges.get(id);
      const params: AskParams = {
        askId: id,
        question,
        ...this.details.get(id),
        ...(selection === undefined ? {} : { selection }),
      };
      const answer = await this.engine.request(Ask, params, cancel.token);
      this.conversation.complete(id, answer);
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
