/** Chooses what is read again right before an answer: the spans that the question's tokens selected most. */
import type { LineSelection } from "../../shared/trace";
import { liftedSpans } from "./liftedSpans";

/** A run of lines of one file. */
export interface FocusSpan {
  readonly path: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
}

/** Spans looked at at most. */
const MAX_SPANS = 24;
/** Lines between two spans of a file that are worth less than a heading of their own. */
const GAP = 3;

export interface FocusOptions {
  /** Tokens of all spans together. */
  readonly budget: number;
  /** Tokens of a span with its heading. */
  readonly tokensOf: (span: FocusSpan) => number;
  /** Spans that come before all others, as far as the budget goes. */
  readonly first?: readonly FocusSpan[];
  /** Rank of a file in the context. */
  readonly orderOf: (path: string) => number;
}

/** The spans that come first and the most lifted ones within the budget, neighbours joined, in the order of the context. */
export function chooseFocus(lines: readonly LineSelection[], options: FocusOptions): FocusSpan[] {
  let chosen: FocusSpan[] = [];
  for (const { path, startLine, endLine } of [...(options.first ?? []), ...liftedSpans(lines, MAX_SPANS)]) {
    const more = joined([...chosen, { path, startLine, endLine }]);
    const tokens = more.reduce((sum, span) => sum + options.tokensOf(span), 0);
    if (tokens <= options.budget) chosen = more;
  }
  return chosen.sort((a, b) => options.orderOf(a.path) - options.orderOf(b.path) || a.startLine - b.startLine);
}

/** Spans of one file that touch, or nearly, as one. */
function joined(spans: readonly FocusSpan[]): FocusSpan[] {
  const sorted = spans.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : a.startLine - b.startLine));
  const result: FocusSpan[] = [];
  for (const span of sorted) {
    const last = result.at(-1);
    if (last?.path === span.path && span.startLine - last.endLine <= GAP) {
      result[result.length - 1] = { ...last, endLine: Math.max(last.endLine, span.endLine) };
    } else result.push(span);
  }
  return result;
}
