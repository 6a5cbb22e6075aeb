import type { Interval } from "../../shared/trace";
import type { TraceStep } from "./types";

/** Called for one token that was selected by one layer in one step. */
type Visit = (token: number) => void;

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

  /** @throws RangeError when a selection is damaged */
  constructor(steps: readonly TraceStep[], layers: number) {
    this.steps = steps;
    this.layers = layers;
    this.#starts = new Uint32Array(steps.length * layers);
    this.#counts = new Uint32Array(steps.length * layers);
    steps.forEach((step, index) => this.#locate(step.selection, index * layers));
  }

  /** Adds 1 to `counts[token]` for each selection of the chosen steps and layers; tokens beyond the array are skipped. */
  count(steps: Interval, layers: Interval, counts: Uint32Array): void {
    for (let step = steps[0]; step < steps[1]; step++) {
      for (let layer = layers[0]; layer < layers[1]; layer++) {
        this.visit(step, layer, (token) => {
          if (token < counts.length) counts[token] = (counts[token] ?? 0) + 1;
        });
      }
    }
  }

  /** Visits the selected tokens of one step and layer in ascending order. */
  visit(step: number, layer: number, visit: Visit): void {
    const { selection, selectable } = this.steps[step] ?? { selection: new Uint8Array(0), selectable: [0, 0] as const };
    const [low, high] = selectable;
    const index = step * this.layers + layer;
    let at = this.#starts[index] ?? 0;
    let token = 0;
    for (let left = this.#counts[index] ?? 0; left > 0; left--) {
      let byte = selection[at++] ?? 0;
      let value = byte & 0x7f;
      for (let shift = 7; byte > 0x7f; shift += 7) {
        byte = selection[at++] ?? 0;
        value |= (byte & 0x7f) << shift;
      }
      token += value;
      if (token >= low && token < high) visit(token);
    }
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
      for (let left = count; left > 0; ) {
        const byte = bytes[at++];
        if (byte === undefined) throw new RangeError("damaged selection");
        if (byte <= 0x7f) left--;
      }
    }
    if (at !== bytes.length) throw new RangeError("damaged selection");
  }
}
