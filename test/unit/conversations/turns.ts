/** Questions and answers as the engine keeps them. */
import type { KeptTurn } from "../../../src/shared/conversation";
import type { AnswerResult } from "../../../src/shared/protocol";

let asked = 0;

/** A question, later than the one before. */
export function askedOf(question: string): Omit<KeptTurn, "answer" | "error"> {
  const askedAt = new Date(Date.UTC(2026, 0, 1) + asked++).toISOString();
  return { question, form: "ask", selection: null, mentions: [], askedAt: askedAt };
}

export function answerOf(text: string, more: Partial<AnswerResult> = {}): AnswerResult {
  return {
    text,
    citations: [],
    asOf: "2026-01-01T00:00:00.000Z",
    context: { files: 1, tokens: 100 },
    timings: {
      load: 0,
      prefill: 1,
      firstToken: 1,
      decode: 1,
      prefilledTokens: 10,
      reusedTokens: 90,
      generatedTokens: 5,
    },
    trace: "20260101T000000000-00000a",
    stopReason: "end",
    lookedAt: [],
    attention: "esa",
    ...more,
  };
}
