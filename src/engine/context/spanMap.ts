import { lastAtMost, lineStarts } from "../../shared/lines";
import { partEnd } from "./parts";
import type { PackedFile, SpanMap, TokenPlace } from "./types";

/** Finds places by binary search over the files and over each file's token offsets and line starts. */
export class PackedSpanMap implements SpanMap {
  readonly #files: readonly PackedFile[];
  readonly #firstTokens: Int32Array;
  readonly #byPath: ReadonlyMap<string, PackedFile>;
  readonly #lineStarts = new Map<PackedFile, Int32Array>();

  /** @param files in the order of the context */
  constructor(files: readonly PackedFile[]) {
    this.#files = files;
    this.#firstTokens = Int32Array.from(files, (file) => file.start);
    this.#byPath = new Map(files.map((file) => [file.document.path, file]));
  }

  place(token: number): TokenPlace | null {
    const file = this.#files[lastAtMost(this.#firstTokens, token)];
    if (file === undefined || token >= file.start + file.count) return null;
    const offset = file.offsets[token - file.start] ?? 0;
    const starts = this.#linesOf(file);
    const line = lastAtMost(starts, offset);
    const length = this.#endOf(file, offset) - offset;
    return { document: file.document, line: line + 1, column: offset - (starts[line] ?? 0), length };
  }

  tokensOf(path: string, startLine: number, endLine: number): readonly [number, number] | null {
    const file = this.#byPath.get(path);
    if (file === undefined) return null;
    const starts = this.#linesOf(file);
    const from = starts[Math.max(0, startLine - 1)];
    if (from === undefined || endLine < startLine) return [file.start + file.count, file.start + file.count];
    const to = starts[endLine] ?? file.text.length;
    return [file.start + this.#firstReaching(file, from), file.start + this.#firstFrom(file, to)];
  }

  fileOf(path: string): readonly [number, number] | null {
    const file = this.#byPath.get(path);
    return file === undefined ? null : [file.start, file.start + file.count];
  }

  /** First token that starts at an offset or after it. */
  #firstFrom(file: PackedFile, offset: number): number {
    return Math.min(file.count, lastAtMost(file.offsets, offset - 1) + 1);
  }

  /** First token of the character group that holds an offset; where nothing holds it, the next token. */
  #firstReaching(file: PackedFile, offset: number): number {
    const holding = file.offsets[Math.max(0, lastAtMost(file.offsets, offset))] ?? 0;
    return this.#firstFrom(file, this.#endOf(file, holding) > offset ? holding : offset);
  }

  /** Where the tokens that start at an offset end in the file. */
  #endOf(file: PackedFile, offset: number): number {
    const next = file.offsets[lastAtMost(file.offsets, offset) + 1] ?? file.text.length;
    return Math.min(next, partEnd(file.parts, offset, file.text.length));
  }

  #linesOf(file: PackedFile): Int32Array {
    let starts = this.#lineStarts.get(file);
    if (starts === undefined) {
      starts = lineStarts(file.text);
      this.#lineStarts.set(file, starts);
    }
    return starts;
  }
}
