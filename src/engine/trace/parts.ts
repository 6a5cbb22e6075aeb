import type { Interval } from "../../shared/trace";
import type { Exposure } from "./exposure";
import type { Selections } from "./selections";

/** A run of tokens of the context, half-open, that belongs to a part. */
export interface PartRun {
  readonly from: number;
  readonly to: number;
  readonly part: number;
}

/** Parts of the context, such as its files, or the declarations of one file. Runs do not overlap. */
export class Parts {
  /** Names the parts among those of a trace. */
  readonly key: string;
  readonly count: number;
  readonly runs: readonly PartRun[];
  readonly #low: number;
  /** Part of each token from #low on; `count` between parts. */
  readonly #partOf: Int32Array;

  constructor(key: string, count: number, runs: readonly PartRun[]) {
    this.key = key;
    this.count = count;
    this.runs = runs;
    this.#low = runs.reduce((low, run) => Math.min(low, run.from), Infinity);
    const high = runs.reduce((end, run) => Math.max(end, run.to), this.#low);
    this.#partOf = new Int32Array(Number.isFinite(this.#low) ? high - this.#low : 0).fill(count);
    for (const { from, to, part } of runs) this.#partOf.fill(part, from - this.#low, to - this.#low);
  }

  /** Tokens that could be selected by part: mean over the steps. */
  selectable(exposure: Exposure): Float64Array {
    const means = new Float64Array(this.count);
    for (const { from, to, part } of this.runs) means[part] = (means[part] ?? 0) + exposure.of(from, to);
    return means.map((sum) => (exposure.steps === 0 ? 0 : sum / exposure.steps));
  }

  /**
   * Selections of the chosen steps by layer and part: layer × (count + 1) + part, the last of a layer for what lies in no
   * part. One walk along the selections.
   */
  sums(selections: Selections, steps: Interval): Uint32Array {
    const stride = this.count + 1;
    const sums = new Uint32Array(stride * selections.layers);
    const partOf = this.#partOf;
    const low = Number.isFinite(this.#low) ? this.#low : 0;
    for (let step = steps[0]; step < steps[1]; step++) {
      for (let layer = 0; layer < selections.layers; layer++) {
        const base = layer * stride;
        const tokens = selections.tokens(step, layer);
        for (const token of tokens) {
          const at = token - low;
          const cell = base + (at < 0 || at >= partOf.length ? this.count : (partOf[at] ?? this.count));
          sums[cell] = (sums[cell] ?? 0) + 1;
        }
      }
    }
    return sums;
  }
}
