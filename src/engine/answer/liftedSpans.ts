import type { LineSelection } from "../../shared/trace";

/** A run of lines of one file that was selected more than its share. */
export interface LiftedSpan {
  readonly path: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  /** Mean lift of its lines. */
  readonly lift: number;
}

/** Lines looked at on each side when a line is judged by its neighbourhood. */
const REACH = 2;
/** A neighbouring line belongs to the span while its neighbourhood has this share of the best line's. */
const KEEP = 0.5;
const MAX_LINES = 16;

/**
 * The `limit` most lifted runs of lines, best first, none overlapping. A line counts by the mean lift of its
 * neighbourhood: one odd token on a line of two lifts that line far, but not its neighbours.
 */
export function liftedSpans(lines: readonly LineSelection[], limit: number): LiftedSpan[] {
  const scores = new Map<string, Map<number, number>>();
  for (const [path, lifts] of groupByPath(lines)) scores.set(path, smooth(lifts));
  const spans: LiftedSpan[] = [];
  while (spans.length < limit) {
    const best = highest(scores);
    if (best === null) break;
    spans.push(takeSpan(best.path, best.line, best.score, scores));
  }
  return spans;
}

function groupByPath(lines: readonly LineSelection[]): Map<string, Map<number, number>> {
  const groups = new Map<string, Map<number, number>>();
  for (const { path, line, lift } of lines) {
    const group = groups.get(path) ?? new Map<number, number>();
    groups.set(path, group.set(line, lift));
  }
  return groups;
}

function smooth(lifts: ReadonlyMap<number, number>): Map<number, number> {
  const smoothed = new Map<number, number>();
  for (const [line, lift] of lifts) {
    if (lift <= 0) continue;
    let sum = 0;
    for (let near = line - REACH; near <= line + REACH; near++) sum += lifts.get(near) ?? 0;
    smoothed.set(line, sum / (2 * REACH + 1));
  }
  return smoothed;
}

function highest(
  scores: ReadonlyMap<string, ReadonlyMap<number, number>>,
): { path: string; line: number; score: number } | null {
  let best: { path: string; line: number; score: number } | null = null;
  for (const [path, lines] of scores) {
    for (const [line, score] of lines) if (best === null || score > best.score) best = { path, line, score };
  }
  return best;
}

/** Grows a span around its best line and removes it, with its neighbourhood, from the scores. */
function takeSpan(path: string, line: number, score: number, scores: Map<string, Map<number, number>>): LiftedSpan {
  const lines = scores.get(path) ?? new Map<number, number>();
  const good = (at: number): boolean => (lines.get(at) ?? 0) >= KEEP * score;
  let startLine = line;
  let endLine = line;
  while (endLine - startLine + 1 < MAX_LINES) {
    if (good(endLine + 1)) endLine++;
    else if (good(startLine - 1)) startLine--;
    else break;
  }
  for (let at = startLine - REACH; at <= endLine + REACH; at++) lines.delete(at);
  return { path, startLine, endLine, lift: score };
}
