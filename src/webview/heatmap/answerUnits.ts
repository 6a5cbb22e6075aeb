import type { AnswerToken, Interval } from "../../shared/trace";

/** What can be pointed at in the answer: one token, a sentence of a long answer, or a folded block of code. */
export interface AnswerUnit {
  readonly kind: "token" | "sentence" | "code";
  readonly text: string;
  /** Half-open interval of steps. */
  readonly steps: Interval;
}

/** Answers with more tokens show sentences first. */
export const sentenceLimit = 600;

/** Units of an answer; blocks of code are one unit unless they are unfolded. */
export function answerUnits(
  tokens: readonly AnswerToken[],
  bySentence: boolean,
  unfolded: ReadonlySet<number>,
): readonly AnswerUnit[] {
  const units: AnswerUnit[] = [];
  let at = 0;
  for (const [from, to] of codeBlocks(tokens)) {
    units.push(...plainUnits(tokens.slice(at, from), bySentence));
    const block = tokens.slice(from, to);
    if (unfolded.has(block[0]?.step ?? -1)) units.push(...block.map(tokenUnit));
    else if (block.length > 0) units.push(joined("code", block));
    at = to;
  }
  units.push(...plainUnits(tokens.slice(at), bySentence));
  return units;
}

/** Start of the sentence before (-1) or after (1) the unit at `index`; sentences end at . ! ? or a line's end. */
export function sentenceStart(units: readonly AnswerUnit[], index: number, direction: -1 | 1): number {
  const starts = units.flatMap((unit, at) => {
    const before = units[at - 1];
    return before === undefined || endsSentence(before.text, unit.text) ? [at] : [];
  });
  if (direction > 0) return starts.find((start) => start > index) ?? units.length - 1;
  return [...starts].reverse().find((start) => start < index) ?? 0;
}

function plainUnits(tokens: readonly AnswerToken[], bySentence: boolean): readonly AnswerUnit[] {
  if (!bySentence) return tokens.map(tokenUnit);
  const units: AnswerUnit[] = [];
  let from = 0;
  tokens.forEach((token, at) => {
    const next = tokens[at + 1];
    if (next !== undefined && !endsSentence(token.text, next.text)) return;
    units.push(joined("sentence", tokens.slice(from, at + 1)));
    from = at + 1;
  });
  return units;
}

const tokenUnit = ({ step, text }: AnswerToken): AnswerUnit => ({ kind: "token", text, steps: [step, step + 1] });

function joined(kind: "sentence" | "code", tokens: readonly AnswerToken[]): AnswerUnit {
  const first = tokens[0]?.step ?? 0;
  const last = tokens.at(-1)?.step ?? first;
  return { kind, text: tokens.map((token) => token.text).join(""), steps: [first, last + 1] };
}

function endsSentence(text: string, next: string): boolean {
  return /\n\s*$/.test(text) || (/[.!?]["')\]`*]*\s*$/.test(text) && (/\s$/.test(text) || /^\s/.test(next)));
}

/** Fenced blocks as half-open intervals of token positions, fences included; an open fence runs to the end. */
function codeBlocks(tokens: readonly AnswerToken[]): readonly Interval[] {
  const starts: number[] = [];
  let text = "";
  for (const token of tokens) {
    starts.push(text.length);
    text += token.text;
  }
  const fences = [...text.matchAll(/^[ \t]*(?:```|~~~).*$/gm)];
  const blocks: Interval[] = [];
  let opened: number | null = null;
  for (const { index, 0: fence } of fences) {
    if (opened === null) {
      opened = Math.max(tokenAt(starts, index), blocks.at(-1)?.[1] ?? 0);
      continue;
    }
    blocks.push([opened, tokenAt(starts, index + fence.length - 1) + 1]);
    opened = null;
  }
  if (opened !== null && opened < tokens.length) blocks.push([opened, tokens.length]);
  return blocks;
}

/** Position of the last token that starts at or before `offset`. */
function tokenAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
