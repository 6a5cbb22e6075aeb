import type { AnswerToken, StepSelection } from "../../shared/trace";

const WORD = /[\p{L}\p{N}]/u;

/** A word of an answer with the selections of its tokens. */
export interface AnswerWord {
  readonly text: string;
  readonly selected: number;
}

/**
 * The words of an answer whose tokens selected most, on average, most first; a word that occurs again counts once, with
 * the most of its places.
 * @param steps what each step selected; steps that are missing selected nothing
 */
export function wordsBySelection(
  answer: readonly AnswerToken[],
  steps: readonly StepSelection[],
  limit: number,
): AnswerWord[] {
  const counts = new Map(steps.map(({ step, selected }) => [step, selected]));
  const best = new Map<string, number>();
  for (const tokens of wordsOf(answer)) {
    const text = tokens
      .map((token) => token.text)
      .join("")
      .trim();
    const mean = tokens.reduce((sum, { step }) => sum + (counts.get(step) ?? 0), 0) / tokens.length;
    if (mean > 0 && WORD.test(text)) best.set(text, Math.max(mean, best.get(text) ?? 0));
  }
  return [...best]
    .map(([text, selected]) => ({ text, selected }))
    .sort((a, b) => b.selected - a.selected)
    .slice(0, limit);
}

/** Tokens grouped by word: white space begins a new one. */
function wordsOf(answer: readonly AnswerToken[]): AnswerToken[][] {
  const words: AnswerToken[][] = [];
  let ended = true;
  for (const token of answer) {
    if (ended || /^\s/.test(token.text)) words.push([]);
    words.at(-1)?.push(token);
    ended = /\s$/.test(token.text);
  }
  return words;
}
