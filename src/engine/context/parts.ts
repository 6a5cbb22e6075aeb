/** Offsets into the text that is packed and into the file's text, of which that may be parts. */
import type { Interval } from "../../shared/trace";

/** Offsets into the file's text for offsets into its parts side by side; the last one is where the last part ends. */
export function fileOffsets(packed: Int32Array, parts: readonly Interval[]): Int32Array {
  const offsets = new Int32Array(packed.length);
  let part = 0;
  /** Length of the parts before. */
  let before = 0;
  for (const [index, offset] of packed.entries()) {
    for (let [from, to] = parts[part] ?? [0, 0]; offset >= before + to - from && part < parts.length - 1;) {
      before += to - from;
      [from, to] = parts[++part] ?? [0, 0];
    }
    const [from, to] = parts[part] ?? [0, 0];
    offsets[index] = Math.min(to, from + offset - before);
  }
  return offsets;
}

/** Where the part ends that holds an offset; `end` without parts. */
export function partEnd(parts: readonly Interval[] | null, offset: number, end: number): number {
  return parts?.find(([from, to]) => from <= offset && offset < to)?.[1] ?? end;
}
