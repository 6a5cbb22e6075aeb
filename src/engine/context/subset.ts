import type { Document } from "../workspace/types";
import { PackedSpanMap } from "./spanMap";
import type { PackedContext, PackedFile, PackedSegment } from "./types";

/**
 * The packed context with some of its files only, in the same order: what a question sees while the rest is not read yet.
 * @param keep decides on a file; `start` is the first token of its heading
 */
export function subsetOf(packed: PackedContext, keep: (document: Document, start: number) => boolean): PackedContext {
  const segments: PackedSegment[] = [];
  const pieces: Int32Array[] = [];
  /** How far the tokens of a kept file move towards the start. */
  const shifts = new Map<Document, number>();
  let length = 0;
  let kept: Document | null = null;
  let dropped: Document | null = null;
  for (const segment of packed.segments) {
    const { document, start, count } = segment;
    if (document !== null) {
      if (document === dropped) continue;
      if (document !== kept && !keep(document, start)) {
        dropped = document;
        continue;
      }
      kept = document;
      if (!shifts.has(document)) shifts.set(document, start - length);
    }
    segments.push({ ...segment, start: length });
    pieces.push(packed.tokens.subarray(start, start + count));
    length += count;
  }
  const tokens = new Int32Array(length);
  let at = 0;
  for (const piece of pieces) {
    tokens.set(piece, at);
    at += piece.length;
  }
  const files = packed.files.flatMap((file): PackedFile[] => {
    const shift = shifts.get(file.document);
    return shift === undefined ? [] : [{ ...file, start: file.start - shift }];
  });
  return { ...packed, tokens, segments, files, spans: new PackedSpanMap(files) };
}
