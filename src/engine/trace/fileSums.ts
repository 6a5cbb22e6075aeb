import type { Interval } from "../../shared/trace";
import type { Selections } from "./selections";
import type { TracedFile } from "./types";

/** Selections of each file by step and layer, made in one pass, so that any choice of steps and layers is a short sum. */
export class FileSums {
  readonly #layers: number;
  /** Entries of (step, layer) number i are [#firsts[i], #firsts[i + 1]). */
  readonly #firsts: Uint32Array;
  readonly #files: number[] = [];
  readonly #sums: number[] = [];
  /** Selections of each (step, layer), those outside all files included. */
  readonly #totals: Uint32Array;

  constructor(selections: Selections, files: readonly TracedFile[]) {
    this.#layers = selections.layers;
    const cells = selections.steps.length * selections.layers;
    this.#firsts = new Uint32Array(cells + 1);
    this.#totals = new Uint32Array(cells);
    for (let cell = 0; cell < cells; cell++) {
      this.#addCell(cell, selections, files);
      this.#firsts[cell + 1] = this.#files.length;
    }
  }

  /** All selections of the chosen steps and layers. */
  total(steps: Interval, layers: Interval): number {
    let sum = 0;
    for (let step = steps[0]; step < steps[1]; step++) {
      for (let layer = layers[0]; layer < layers[1]; layer++) sum += this.#totals[step * this.#layers + layer] ?? 0;
    }
    return sum;
  }

  /** Selections of the chosen steps by file and layer: file x layers + layer. */
  byFileAndLayer(steps: Interval, fileCount: number): Uint32Array {
    const sums = new Uint32Array(fileCount * this.#layers);
    for (let cell = steps[0] * this.#layers; cell < steps[1] * this.#layers; cell++) {
      const layer = cell % this.#layers;
      for (let i = this.#firsts[cell] ?? 0; i < (this.#firsts[cell + 1] ?? 0); i++) {
        const at = (this.#files[i] ?? 0) * this.#layers + layer;
        sums[at] = (sums[at] ?? 0) + (this.#sums[i] ?? 0);
      }
    }
    return sums;
  }

  /** Tokens come in ascending order, and files stand in a row: one walk along both. */
  #addCell(cell: number, selections: Selections, files: readonly TracedFile[]): void {
    const tokens = selections.tokens(Math.floor(cell / this.#layers), cell % this.#layers);
    this.#totals[cell] = tokens.length;
    let at = 0;
    for (let file = 0; file < files.length && at < tokens.length; file++) {
      const { start, count } = files[file] ?? { start: 0, count: 0 };
      while (at < tokens.length && (tokens[at] ?? 0) < start) at++;
      const first = at;
      while (at < tokens.length && (tokens[at] ?? 0) < start + count) at++;
      if (at === first) continue;
      this.#files.push(file);
      this.#sums.push(at - first);
    }
  }
}
