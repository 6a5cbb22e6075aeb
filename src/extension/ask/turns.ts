/** Turns of a conversation as the view shows them, made from what was asked, answered and kept. */
import type { KeptConversation, KeptTurn } from "../../shared/conversation";
import type { AnswerResult, AskRange } from "../../shared/protocol";
import type { ConversationTurn } from "../../shared/views";

/** What a question says, without its answer. */
export type Question = Pick<ConversationTurn, "question" | "form" | "about" | "selection" | "mentions">;

/** A question that waits for its answer. */
export const unanswered = {
  question: "",
  form: "ask",
  about: null,
  selection: null,
  mentions: [],
  state: "waiting",
  text: "",
  tokens: 0,
  citations: [],
  asOf: null,
  context: null,
  droppedTurns: 0,
  unknownNames: [],
  timings: null,
  trace: null,
  stopReason: null,
  lookedAt: [],
  attention: null,
  error: null,
  changed: [],
} as const satisfies Omit<ConversationTurn, "id">;

/** The turn with its answer. */
export function withAnswer(turn: ConversationTurn, answer: AnswerResult): ConversationTurn {
  return {
    ...turn,
    state: answer.stopReason === "stopped" ? "stopped" : "done",
    text: answer.text,
    tokens: answer.timings.generatedTokens,
    citations: answer.citations,
    asOf: answer.asOf,
    context: answer.context,
    droppedTurns: answer.droppedTurns ?? 0,
    unknownNames: answer.unknownNames ?? [],
    timings: answer.timings,
    trace: answer.trace,
    stopReason: answer.stopReason,
    lookedAt: answer.lookedAt,
    attention: answer.attention,
  };
}

/** @param label names lines for the user: `path:start-end` */
export function keptTurns(conversation: KeptConversation, label: (range: AskRange) => string): ConversationTurn[] {
  return conversation.turns.map((kept, index) => keptTurn(kept, `${conversation.id}/${index}`, label));
}

function keptTurn(kept: KeptTurn, id: string, label: (range: AskRange) => string): ConversationTurn {
  const asked: ConversationTurn = {
    ...unanswered,
    id,
    question: kept.question,
    form: kept.form,
    selection: kept.selection,
    about: kept.selection === null ? null : label(kept.selection),
    mentions: kept.mentions,
  };
  if (kept.answer !== null) return withAnswer(asked, kept.answer);
  return kept.error === null ? { ...asked, state: "interrupted" } : { ...asked, state: "failed", error: kept.error };
}
