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
   * part.
   * @param counts selections of each token are added to it
   */
  sums(selections: Selections, steps: Interval, counts: Uint32Array): Uint32Array {
    const sums = new Uint32Array((this.count + 1) * selections.layers);
    if (steps[1] - steps[0] > MANY_STEPS) this.#sumTokens(selections, steps, counts, sums);
    else this.#sumSelections(selections, steps, counts, sums);
    return sums;
  }

  /** Few selections: the part of each is looked up. */
  #sumSelections(selections: Selections, steps: Interval, counts: Uint32Array, sums: Uint32Array): void {
    const partOf = this.#partOf;
    const low = Number.isFinite(this.#low) ? this.#low : 0;
    for (let layer = 0; layer < selections.layers; layer++) {
      const base = layer * (this.count + 1);
      for (let step = steps[0]; step < steps[1]; step++) {
        for (const token of selections.tokens(step, layer)) {
          if (token < counts.length) counts[token] = (counts[token] ?? 0) + 1;
          const at = token - low;
          const cell = base + (at < 0 || at >= partOf.length ? this.count : (partOf[at] ?? this.count));
          sums[cell] = (sums[cell] ?? 0) + 1;
        }
      }
    }
  }

  /** Many selections: each layer is counted by token first, in memory that caches hold, then added up in one walk. */
  #sumTokens(selections: Selections, steps: Interval, counts: Uint32Array, sums: Uint32Array): void {
    const ofLayer = new Uint16Array(counts.length);
    for (let layer = 0; layer < selections.layers; layer++) {
      const base = layer * (this.count + 1);
      ofLayer.fill(0);
      let outside = selections.count(steps, [layer, layer + 1], ofLayer);
      for (let token = 0; token < ofLayer.length; token++) counts[token] = (counts[token] ?? 0) + (ofLayer[token] ?? 0);
      for (const { from, to, part } of this.runs) {
        let sum = 0;
        for (let token = from; token < to; token++) sum += ofLayer[token] ?? 0;
        sums[base + part] = (sums[base + part] ?? 0) + sum;
        outside -= sum;
      }
      sums[base + this.count] = outside;
    }
  }
}

/** Steps from which adding up all tokens is quicker than looking up the part of each selection. At most 65,535 a layer. */
const MANY_STEPS = 24;
