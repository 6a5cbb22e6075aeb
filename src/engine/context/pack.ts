import { throwIfAborted } from "../progress";
import type { Document, ReadText } from "../workspace/types";
import { tokenOffsets } from "./offsets";
import type { Outlines } from "./outlines";
import { fileOffsets } from "./parts";
import { pieceOf } from "./piece";
import { PackedSpanMap } from "./spanMap";
import type { TokenCache } from "./tokens";
import type { PackedContext, PackedFile, PackedSegment, Plan } from "./types";

/** What a context is packed from. */
export interface PackOptions {
  readonly plan: Plan;
  /** Tokens that come first, such as the system text; the answer stage makes them. */
  readonly frame: Int32Array;
  readonly read: ReadText;
  readonly tokens: TokenCache;
  /** Needed when the plan has outlines. */
  readonly outlines?: Outlines | null;
  readonly signal?: AbortSignal | undefined;
  /** Tokens packed, of tokens planned. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/**
 * Packs `[frame] [map] [file header, file text, closing fence]*` into one run of tokens. Each piece is tokenised by
 * itself, so the tokens of a file do not depend on its neighbours.
 * @throws LongsightError LS-105 when a file changed since the snapshot, LS-900 aborted
 */
export async function packContext(options: PackOptions): Promise<PackedContext> {
  const { plan, frame, read, tokens, outlines, signal, onProgress } = options;
  const { tokenizer } = tokens;
  const packing = new Packing();
  packing.add("frame", frame, null);
  if (plan.map !== "") packing.add("map", tokenizer.tokenize(plan.map), null);
  const files: PackedFile[] = [];
  const total = frame.length + plan.mapTokens + plan.tokens;
  for (const { document, included, outline } of plan.documents) {
    if (!included) continue;
    throwIfAborted(signal);
    const text = await read(document);
    const parts = outline === true ? await outlines?.outline(document, text) : null;
    if (parts === undefined) throw new Error(`${document.path} has no outline any more`);
    const piece = pieceOf(document, text, parts);
    const body = await tokens.tokensOf(piece.hash, () => piece.text);
    packing.add("header", tokenizer.tokenize(piece.header), document);
    const start = packing.add("file", body, document);
    packing.add("header", tokenizer.tokenize(piece.footer), document);
    const offsets = tokenOffsets(piece.text, body, tokenizer);
    files.push({
      document,
      text,
      parts: parts?.parts ?? null,
      start,
      count: body.length,
      offsets: parts === null ? offsets : fileOffsets(offsets, parts.parts),
    });
    onProgress?.(packing.length, total);
  }
  await tokens.save();
  return { tokens: packing.join(), segments: packing.segments, files, spans: new PackedSpanMap(files), plan };
}

/** Segments in a row. */
class Packing {
  readonly segments: PackedSegment[] = [];
  readonly #pieces: Int32Array[] = [];
  length = 0;

  /** Appends tokens and returns the index of the first. */
  add(kind: PackedSegment["kind"], tokens: Int32Array, document: Document | null): number {
    const start = this.length;
    this.segments.push({ kind, start, count: tokens.length, document });
    this.#pieces.push(tokens);
    this.length += tokens.length;
    return start;
  }

  join(): Int32Array {
    const all = new Int32Array(this.length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}
