import type { ErrorValue } from "../../shared/errors";
import type { AnswerResult, Citation } from "../../shared/protocol";
import type { ConversationTurn } from "../../shared/views";
import { unanswered, withAnswer, type Question } from "./turns";

/** The questions of one window with their answers, as a value that is replaced and never changed. */
export class Conversation {
  private list: readonly ConversationTurn[] = [];

  get turns(): readonly ConversationTurn[] {
    return this.list;
  }

  /** The newest turn that has a trace. */
  get lastTrace(): string | null {
    return (
      this.list
        .map((turn) => turn.trace)
        .filter((trace) => trace !== null)
        .at(-1) ?? null
    );
  }

  turn(id: string): ConversationTurn | undefined {
    return this.list.find((turn) => turn.id === id);
  }

  /** Shows other turns. */
  load(turns: readonly ConversationTurn[]): void {
    this.list = turns;
  }

  /** Adds a question that is being answered. */
  ask(id: string, question: Question): void {
    this.list = [...this.list, { ...unanswered, ...question, id }];
  }

  /** Forgets a turn and all after it. */
  cut(id: string): void {
    const index = this.list.findIndex((turn) => turn.id === id);
    if (index >= 0) this.list = this.list.slice(0, index);
  }

  /** Appends a piece of the answer; `tokens` counts all tokens of the answer so far. */
  append(id: string, text: string, tokens: number): void {
    this.replace(id, (turn) => ({ ...turn, state: "streaming", text: turn.text + text, tokens }));
  }

  complete(id: string, answer: AnswerResult): void {
    this.replace(id, (turn) => withAnswer(turn, answer));
  }

  fail(id: string, error: ErrorValue): void {
    this.replace(id, (turn) => ({ ...turn, state: "failed", error }));
  }

  /** Stopped before the engine had an answer. What was streamed is kept. */
  stop(id: string): void {
    this.replace(id, (turn) => ({ ...turn, state: "stopped", stopReason: "stopped" }));
  }

  clear(): void {
    this.list = [];
  }

  /** Notes that a file was edited now; true when an answer cites or looked at it. */
  fileChanged(uri: string): boolean {
    let affected = false;
    this.list = this.list.map((turn) => {
      const path = [...turn.citations, ...turn.lookedAt].find((region) => region.uri === uri)?.path;
      if (path === undefined || turn.changed.includes(path)) return turn;
      affected = true;
      return { ...turn, changed: [...turn.changed, path] };
    });
    return affected;
  }

  /** The citation of some turn that equals `wanted`; webviews may open no other. */
  knownCitation(
    wanted: Pick<Citation, "uri" | "startLine" | "endLine">,
  ): { turn: ConversationTurn; citation: Citation } | null {
    for (const turn of this.list) {
      const citation = turn.citations.find(
        (known) => known.uri === wanted.uri && known.startLine === wanted.startLine && known.endLine === wanted.endLine,
      );
      if (citation !== undefined) return { turn, citation };
    }
    return null;
  }

  private replace(id: string, change: (turn: ConversationTurn) => ConversationTurn): void {
    this.list = this.list.map((turn) => (turn.id === id ? change(turn) : turn));
  }
}
