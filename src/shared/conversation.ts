/** What is kept of the questions that were asked about a workspace. */
import type { ErrorValue } from "./errors";
import type { AnswerResult, AskRange, Mention, QuestionForm } from "./protocol";

/** One kept question with its answer. */
export interface KeptTurn {
  readonly question: string;
  readonly form: QuestionForm;
  readonly selection: AskRange | null;
  readonly mentions: readonly Mention[];
  /** ISO 8601. */
  readonly askedAt: string;
  /** Null while it is being answered, or when that failed. */
  readonly answer: AnswerResult | null;
  readonly error: ErrorValue | null;
}

export interface ConversationEntry {
  readonly id: string;
  /** The first question, until it is renamed. */
  readonly title: string;
  /** ISO 8601. */
  readonly created: string;
  readonly updated: string;
  readonly turns: number;
}

export interface KeptConversation extends Omit<ConversationEntry, "turns"> {
  readonly turns: readonly KeptTurn[];
}
