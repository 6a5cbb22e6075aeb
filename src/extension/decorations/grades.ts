/** From selections to what is painted: lines above their fair share, in four grades that double. */
import type { FileTrace, TraceSummary } from "../../shared/trace";

/** Lifts at which the grades 1 to 4 begin; below the first a line is not painted. */
export const gradeBorders = [1, 2, 4, 8] as const;

/** Lines [from, to], 0-based and inclusive, of one grade. */
export interface GradedRun {
  readonly from: number;
  readonly to: number;
  /** 1 to 4. */
  readonly grade: number;
}

const WORD = /[\p{L}\p{N}]/u;

/** Selections that a token gets when all tokens that could be selected are selected alike; 0 when nothing was. */
export function fairShare({ selections, selectableTokens }: TraceSummary): number {
  return selectableTokens === 0 ? 0 : selections / selectableTokens;
}

/**
 * Lift of each line of a file, index 0 = line 1. Lines without a letter or digit have 0: punctuation gathers selections
 * everywhere and says nothing about a place.
 * @param texts text of each line
 */
export function lineLifts(strip: FileTrace["strip"], texts: readonly string[], fair: number): Float64Array {
  return Float64Array.from(strip, (mean, line) => (fair > 0 && WORD.test(texts[line] ?? "") ? mean / fair : 0));
}

/** Grade 1 to 4 of a lift, 0 below the fair share. Rounded first, so that grade and shown figure agree. */
export function gradeOf(lift: number): number {
  const shown = Number(lift.toFixed(1));
  return gradeBorders.filter((border) => shown >= border).length;
}

/**
 * Runs of equally graded lines among the current lines [from, to].
 * @param map for each current line the index of its lift, or -1
 */
export function gradedRuns(lifts: Float64Array, map: Int32Array, from: number, to: number): GradedRun[] {
  const runs: GradedRun[] = [];
  let start = 0;
  let running = 0;
  const end = Math.min(to, map.length - 1) + 1;
  for (let line = Math.max(0, from); line <= end; line++) {
    const index = line < end ? (map[line] ?? -1) : -1;
    const grade = index < 0 ? 0 : gradeOf(lifts[index] ?? 0);
    if (grade === running) continue;
    if (running > 0) runs.push({ from: start, to: line - 1, grade: running });
    running = grade;
    start = line;
  }
  return runs;
}
