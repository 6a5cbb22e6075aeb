/** The outline of a file: the lines that declare something, without bodies, as they stand in the file. */
import { lineStarts } from "../../shared/lines";
import type { Interval } from "../../shared/trace";
import type { Declaration } from "../symbols/types";

/** What is kept of a text: the parts side by side are the outline's text. */
export interface Outline {
  readonly text: string;
  /** UTF-16 offsets into the file's text: ascending, disjoint, half-open. */
  readonly parts: readonly Interval[];
}

/** Lines of a heading, such as parameters each on its own line. */
const MAX_HEADING = 12;
/** Lines that are looked at above a declaration for its comment. */
const MAX_ABOVE = 80;
/** UTF-16 units of a line; what comes after seldom declares. */
const MAX_WIDTH = 300;
/** An outline that leaves out less than this is not worth it. */
const MOST_SHARE = 0.6;

const ATTRIBUTE = /^\s*(?:@[\w.]|#!?\[|\[[A-Z])/;
const LINE_COMMENT = /^\s*(?:\/\/|#(?!!?\[|\s*(?:include|define|if|endif|pragma|else|region)\b)|--|;)/;
const BLOCK_START = /^\s*(?:\/\*|<!--|<#|=begin)/;
const BLOCK_END = /(?:\*\/|-->|#>|^=end)\s*$/;
const PYTHON_TEXT = /^\s*[rRuU]?("""|''')/;
const WORD = /[\p{L}\p{N}]/u;

/**
 * The declarations of a text with the first line of the comment of each, or null when there are none or the outline is
 * hardly shorter than the text.
 */
export function outlineOf(languageId: string, text: string, declarations: readonly Declaration[]): Outline | null {
  const starts = lineStarts(text);
  const line = (index: number): string => text.slice(starts[index], starts[index + 1] ?? text.length);
  const kept = new Set<number>();
  for (const { startLine, headingEndLine, local } of declarations) {
    if (local) continue;
    const last = Math.min(headingEndLine, startLine + MAX_HEADING - 1);
    for (let index = startLine - 1; index < last; index++) kept.add(index);
    const comment =
      commentAbove(line, startLine - 2) ?? (languageId === "python" ? docString(line, headingEndLine) : null);
    if (comment !== null) kept.add(comment);
  }
  const parts = partsOf(
    text,
    starts,
    [...kept].sort((a, b) => a - b),
  );
  const length = parts.reduce((sum, [from, to]) => sum + to - from, 0);
  if (length === 0 || length > MOST_SHARE * text.length) return null;
  return { text: parts.map(([from, to]) => text.slice(from, to)).join(""), parts };
}

/** Index of the first line with words of the comment that ends right above; null without one. */
function commentAbove(line: (index: number) => string, above: number): number | null {
  let index = above;
  const least = Math.max(0, above - MAX_ABOVE);
  while (index >= least && ATTRIBUTE.test(line(index))) index--;
  let first: number | null = null;
  const take = (at: number): void => {
    if (WORD.test(line(at))) first = at;
  };
  if (index >= least && BLOCK_END.test(line(index))) {
    for (; index >= least; index--) {
      take(index);
      if (BLOCK_START.test(line(index))) return first;
    }
    return null; // The end of something else.
  }
  for (; index >= least && LINE_COMMENT.test(line(index)); index--) take(index);
  return first;
}

/** The text that a function or class of Python begins with. */
function docString(line: (index: number) => string, after: number): number | null {
  if (!PYTHON_TEXT.test(line(after))) return null;
  return WORD.test(line(after).replace(PYTHON_TEXT, "")) ? after : after + 1;
}

/** Whole lines with their line breaks, joined where they follow each other; very long ones are cut before their line break. */
function partsOf(text: string, starts: Int32Array, lines: readonly number[]): Interval[] {
  const parts: [number, number][] = [];
  const add = (from: number, to: number): void => {
    if (to <= from) return;
    const last = parts.at(-1);
    if (last?.[1] === from) last[1] = to;
    else parts.push([from, to]);
  };
  for (const index of lines) {
    const from = starts[index];
    if (from === undefined) continue;
    const to = starts[index + 1] ?? text.length;
    const breakLength = /(?:\r\n|\n|\r)?$/.exec(text.slice(Math.max(from, to - 2), to))?.[0].length ?? 0;
    add(from, Math.min(to - breakLength, characterEnd(text, from + MAX_WIDTH)));
    add(to - breakLength, to);
  }
  return parts;
}

/** Never between the two halves of a character. */
function characterEnd(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}
