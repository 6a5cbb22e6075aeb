import type { Interval } from "../../shared/trace";
import type { Document, Snapshot } from "../workspace/types";

/** What the packing needs of a tokenizer; the model stage provides it. */
export interface Tokenizer {
  /** Identifies the vocabulary: the key of token caches. */
  readonly id: string;
  /** Tokens of plain text; markers of special tokens in it stay text. */
  tokenize(text: string): Int32Array;
  /** Text of one token, or null when it is part of a character. */
  piece(token: number): string | null;
  detokenize(tokens: Int32Array): string;
}

export interface PlannedDocument {
  readonly document: Document;
  /** Header and text; estimated until tokenised. */
  readonly tokens: number;
  readonly estimated: boolean;
  readonly included: boolean;
  /** Only its declarations are in: `tokens` counts those. */
  readonly outline?: boolean;
  /** Matched by a pinned pattern. */
  readonly pinned?: boolean;
  readonly reason: string;
}

/** What more tokens would bring in. */
export interface Gain {
  /** Tokens that would be used of those offered. */
  readonly tokens: number;
  /** Files that would be in as a whole and are not yet. */
  readonly files: number;
}

/** What goes in under the token budget, in the order of the context, and why the rest does not. */
export interface Plan {
  readonly snapshot: Snapshot;
  readonly budget: number;
  /** Included first, in the order of the context; then those left out. */
  readonly documents: readonly PlannedDocument[];
  /** Tokens of the included documents, without system text and map. */
  readonly tokens: number;
  /** Text of the repository map; empty when the budget is too small for one. */
  readonly map: string;
  /** Tokens of the map; estimated while the documents' are. */
  readonly mapTokens: number;
  /** What 64 k tokens more would bring; null when everything is in as a whole. */
  readonly gain: Gain | null;
}

/** One piece of the context: [start, start + count) in tokens. */
export interface PackedSegment {
  /** `header` is all that frames a file: heading and opening fence, and after the text the closing fence. */
  readonly kind: "frame" | "map" | "header" | "file";
  readonly start: number;
  readonly count: number;
  /** The document it belongs to; null for frame and map. */
  readonly document: Document | null;
}

/** A document in the context: its text, and which token stands where. */
export interface PackedFile {
  readonly document: Document;
  /** The whole text, of which an outline has only parts in the context. */
  readonly text: string;
  /** What of the text is in, as ascending, disjoint, half-open UTF-16 offsets; null: all of it. */
  readonly parts: readonly Interval[] | null;
  /** First token of the text in the context, and number of tokens of the text: without header and fences. */
  readonly start: number;
  readonly count: number;
  /**
   * UTF-16 offset into the text where each token starts, and at the end where the last one ends: count + 1 ascending
   * values. Tokens that share a character share the offset; a token that goes on past the end of a part belongs to it.
   */
  readonly offsets: Int32Array;
}

/** The whole context as tokens, with the way back from a token to a place in a file. */
export interface PackedContext {
  readonly tokens: Int32Array;
  readonly segments: readonly PackedSegment[];
  /** The included documents in the order of the context. */
  readonly files: readonly PackedFile[];
  readonly spans: SpanMap;
  readonly plan: Plan;
}

/** A place in a file: 1-based line, 0-based column in UTF-16 units. */
export interface TokenPlace {
  readonly document: Document;
  readonly line: number;
  readonly column: number;
  /** UTF-16 length of the token's text. */
  readonly length: number;
}

/** Turns token indices into places and back; O(log n). */
export interface SpanMap {
  /** Place of a token of file text; null for frame, map and headers. */
  place(token: number): TokenPlace | null;
  /** Half-open token interval of lines [startLine, endLine] (1-based, inclusive) of a document; null when not packed. */
  tokensOf(path: string, startLine: number, endLine: number): readonly [number, number] | null;
  /** Half-open token interval of a whole file's text; null when not packed. */
  fileOf(path: string): readonly [number, number] | null;
}
