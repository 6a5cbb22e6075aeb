import { lastAtMost, lineStarts } from "../../shared/lines";
import type { TracedFile } from "./types";

/** The lines of one traced file with their tokens. A token belongs to the line that it starts in. */
export class LineTable {
  readonly file: TracedFile;
  /** UTF-16 offset of each line. */
  readonly starts: Int32Array;
  /** Token of the context where each line's tokens start, and the end of the file's: lines + 1 ascending values. */
  readonly firstTokens: Int32Array;

  constructor(file: TracedFile) {
    this.file = file;
    const starts = lineStarts(file.text);
    // A final line break ends the last line; what editors show below it is empty.
    const count = starts.length > 1 && starts.at(-1) === file.text.length ? starts.length - 1 : starts.length;
    this.starts = starts.subarray(0, count);
    this.firstTokens = new Int32Array(count + 1);
    for (let line = 1; line < count; line++) {
      const first = lastAtMost(file.offsets, (starts[line] ?? 0) - 1) + 1;
      this.firstTokens[line] = file.start + Math.min(first, file.count);
    }
    this.firstTokens[0] = file.start;
    this.firstTokens[count] = file.start + file.count;
  }

  get count(): number {
    return this.starts.length;
  }

  /** Text of a line (0-based) without its line break. */
  text(line: number): string {
    const end = this.starts[line + 1] ?? this.file.text.length;
    return this.file.text.slice(this.starts[line], end).replace(/[\r\n]+$/, "");
  }

  /** Sum of `counts` over the tokens of each line. */
  sums(counts: Uint32Array): Float64Array {
    const sums = new Float64Array(this.count);
    for (let line = 0; line < this.count; line++) {
      let sum = 0;
      for (let token = this.firstTokens[line] ?? 0; token < (this.firstTokens[line + 1] ?? 0); token++) {
        sum += counts[token] ?? 0;
      }
      sums[line] = sum;
    }
    return sums;
  }
}

/** Times the file's mean that a line must reach on average to belong to a dense run. */
const DENSE = 2;

/**
 * The run of lines that holds the most selections beyond twice the file's mean per token: the largest sum of consecutive
 * excesses (Kadane's algorithm), else the densest single line.
 * @param weights selectable tokens of each line
 * @returns 1-based, inclusive; null when nothing was selected
 */
export function densestRun(sums: Float64Array, weights: Float64Array): readonly [number, number] | null {
  const total = sums.reduce((a, b) => a + b, 0);
  const weight = weights.reduce((a, b) => a + b, 0);
  if (total === 0 || weight === 0) return null;
  const fair = (DENSE * total) / weight;
  let best = 0;
  let run: [number, number] | null = null;
  let sum = 0;
  let start = 0;
  for (let line = 0; line < sums.length; line++) {
    if (sum <= 0) {
      sum = 0;
      start = line;
    }
    sum += (sums[line] ?? 0) - fair * (weights[line] ?? 0);
    if (sum > best) {
      best = sum;
      run = [start + 1, line + 1];
    }
  }
  return run ?? densestLine(sums, weights);
}

function densestLine(sums: Float64Array, weights: Float64Array): readonly [number, number] {
  let best = 0;
  sums.forEach((sum, line) => {
    if (sum / (weights[line] ?? 1) > (sums[best] ?? 0) / (weights[best] ?? 1)) best = line;
  });
  return [best + 1, best + 1];
}
