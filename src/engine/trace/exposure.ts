import { lastAtMost } from "../../shared/lines";
import type { Interval } from "../../shared/trace";

/**
 * How many tokens could be selected, summed over steps. The selectable interval grows with the answer, so a region near
 * the end of the context may be selectable in some steps only; the denominators of share and lift must count just those.
 */
export class Exposure {
  readonly steps: number;
  /** Sum over all steps of the number of selectable tokens. */
  readonly total: number;
  readonly #low: number;
  /** Ends of the selectable intervals, ascending, and their sums from the start. */
  readonly #ends: Int32Array;
  readonly #endSums: Float64Array;

  /** @param intervals selectable interval of each chosen step; all start at the same token */
  constructor(intervals: readonly Interval[]) {
    this.steps = intervals.length;
    this.#low = intervals[0]?.[0] ?? 0;
    this.#ends = Int32Array.from(intervals, ([, end]) => end).sort();
    this.#endSums = new Float64Array(this.#ends.length + 1);
    this.#ends.forEach((end, i) => (this.#endSums[i + 1] = (this.#endSums[i] ?? 0) + end));
    this.total = this.#below(Infinity);
  }

  /** Sum over the steps of the selectable tokens in [from, to). O(log steps). */
  of(from: number, to: number): number {
    return this.#below(to) - this.#below(from);
  }

  /** Mean number per step, rounded: the figure that is shown. */
  mean(sum: number): number {
    return this.steps === 0 ? 0 : Math.round(sum / this.steps);
  }

  /** Selectable tokens before `token`, summed over the steps: each interval gives min(token, end) - low. */
  #below(token: number): number {
    if (token <= this.#low) return 0;
    const ended = lastAtMost(this.#ends, token) + 1;
    const running = token === Infinity ? 0 : (this.steps - ended) * token;
    return (this.#endSums[ended] ?? 0) + running - this.steps * this.#low;
  }
}
