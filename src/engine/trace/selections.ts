import type { Interval } from "../../shared/trace";
import type { TraceStep } from "./types";

const NOTHING = { selection: new Uint8Array(0), selectable: [0, 0] as const };

/**
 * The selections of one phase, kept as the addon encodes them (see `decodeSelection` in native.ts): an answer of 300 tokens
 * has some 17 million, one byte each in this form. Only selectable tokens are visited.
 */
export class Selections {
  readonly steps: readonly TraceStep[];
  readonly layers: number;
  /** First byte of each (step, layer) behind its count, step by step, and the number of tokens there. */
  readonly #starts: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #scratch: Int32Array;

  /** @throws RangeError when a selection is damaged */
  constructor(steps: readonly TraceStep[], layers: number) {
    this.steps = steps;
    this.layers = layers;
    this.#starts = new Uint32Array(steps.length * layers);
    this.#counts = new Uint32Array(steps.length * layers);
    steps.forEach((step, index) => this.#locate(step.selection, index * layers));
    this.#scratch = new Int32Array(this.#counts.reduce((most, count) => Math.max(most, count), 0));
  }

  /**
   * Adds 1 to `counts[token]` for each selection of the chosen steps and layers; tokens beyond the array are skipped.
   * @returns the selections, those beyond the array too
   */
  count(steps: Interval, layers: Interval, counts: Uint32Array | Uint16Array): number {
    let total = 0;
    for (let step = steps[0]; step < steps[1]; step++) {
      for (let layer = layers[0]; layer < layers[1]; layer++) {
        const tokens = this.tokens(step, layer);
        total += tokens.length;
        // Some ten million turns: an iterator would make each three times as long.
        for (let at = tokens.length; at > 0;) {
          const token = tokens[--at] ?? 0;
          if (token < counts.length) counts[token] = (counts[token] ?? 0) + 1;
        }
      }
    }
    return total;
  }

  /** The tokens that a layer selected in a step, ascending. The array is valid until the next call. */
  tokens(step: number, layer: number): Int32Array {
    const index = step * this.layers + layer;
    const count = this.#counts[index] ?? 0;
    const { selection, selectable } = this.steps[step] ?? NOTHING;
    const [low, high] = selectable;
    const out = this.#scratch;
    let at = this.#starts[index] ?? 0;
    let token = 0;
    let length = 0;
    for (let left = count; left > 0; left--) {
      let byte = selection[at++] ?? 0;
      if (byte < 0x80) {
        token += byte;
      } else {
        let value = byte & 0x7f;
        for (let shift = 7; byte > 0x7f; shift += 7) {
          byte = selection[at++] ?? 0;
          value |= (byte & 0x7f) << shift;
        }
        token += value;
      }
      if (token >= low && token < high) out[length++] = token;
    }
    return out.subarray(0, length);
  }

  /** Finds where each layer starts in one step's bytes. A dense step has no bytes. */
  #locate(bytes: Uint8Array, index: number): void {
    if (bytes.length === 0) return;
    let at = 0;
    for (let layer = 0; layer < this.layers; layer++) {
      let count = 0;
      for (let shift = 0, more = true; more; shift += 7) {
        const byte = bytes[at++];
        if (byte === undefined || shift > 28) throw new RangeError("damaged selection");
        count |= (byte & 0x7f) << shift;
        more = byte > 0x7f;
      }
      this.#starts[index + layer] = at;
      this.#counts[index + layer] = count;
      for (let left = count; left > 0;) {
        const byte = bytes[at++];
        if (byte === undefined) throw new RangeError("damaged selection");
        if (byte <= 0x7f) left--;
      }
    }
    if (at !== bytes.length) throw new RangeError("damaged selection");
  }
}
