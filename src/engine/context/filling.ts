/** Fills a budget with files, as a whole or as outlines, the most important ones first. */
import { throwIfAborted } from "../progress";
import type { Document } from "../workspace/types";
import { estimateTokens } from "./frame";
import type { Ranked } from "./importance";
import type { Gain } from "./types";

/** Counts tokens of what a document has in the context, frame included. */
export interface Counter {
  /** False: counts are estimates. */
  readonly exact: boolean;
  whole(document: Document): Promise<number>;
  /** Undefined when the document has no outline that is worth it. */
  outline(document: Document): Promise<number | undefined>;
}

/** A file with what becomes of it. */
export interface Entry {
  readonly ranked: Ranked;
  state: "whole" | "outline" | "out";
  /** Tokens of the whole file. */
  tokens: number;
  estimated: boolean;
  /** Tokens of its outline; undefined: there is none, or it was not looked for. */
  outlineTokens: number | undefined;
}

/** A file whose bytes make more tokens than are left even at this many bytes each is not tokenised: it does not fit. */
const MOST_BYTES_PER_TOKEN = 6;
/** Files that tell how far the estimates are off in this workspace; then what is well over is not tokenised either. */
const ENOUGH_COUNTED = 32;
const WELL_OVER = 1.4;
/** Files that were tokenised and did not fit, after which the rest is judged by its estimate: little room is left then. */
const MAX_MISSES = 200;
/** Share of the budget for outlines when not all files fit as a whole. */
const OUTLINE_SHARE = 0.25;
/** Files whose outlines are tried: each has to be parsed. */
const MAX_OUTLINES = 2_000;
const MAX_OUTLINE_MISSES = 100;
/** Kinds that are the ground for all else: they do not make room for outlines. */
const KEPT = new Set(["manifest"]);

export class Filling {
  /** By importance. */
  readonly entries: readonly Entry[];
  /** Tokens that are not taken. */
  left: number;
  readonly #available: number;
  readonly #counter: Counter;
  readonly #signal: AbortSignal | undefined;
  #counted = { files: 0, tokens: 0, estimates: 0 };
  #misses = 0;

  /** @param available tokens for all files with their frames */
  constructor(ranked: readonly Ranked[], available: number, counter: Counter, signal: AbortSignal | undefined) {
    this.entries = ranked.map((entry) => ({
      ranked: entry,
      state: "out",
      tokens: estimateTokens(entry.document),
      estimated: true,
      outlineTokens: undefined,
    }));
    this.left = available;
    this.#available = available;
    this.#counter = counter;
    this.#signal = signal;
  }

  /** Lets whole files in while there is room; one that does not fit leaves its room to smaller ones. */
  async wholes(onProgress?: (done: number) => void): Promise<void> {
    for (const [index, entry] of this.entries.entries()) {
      throwIfAborted(this.#signal);
      if (entry.state === "out" && (await this.#fits(entry, this.left))) {
        entry.state = "whole";
        this.left -= entry.tokens;
      }
      onProgress?.(index + 1);
    }
  }

  /**
   * Where files are out, the least important whole ones make room, and as many as possible come in as outlines. What
   * then is left takes whole files again.
   * @param possible whether a document may have an outline
   */
  async outlines(possible: (document: Document) => boolean): Promise<void> {
    const candidate = (entry: Entry): boolean => entry.state === "out" && possible(entry.ranked.document);
    if (!this.entries.some(candidate)) return;
    this.#makeRoom(possible);
    let tried = 0;
    let misses = 0;
    for (const entry of this.entries) {
      throwIfAborted(this.#signal);
      if (!candidate(entry)) continue;
      if (++tried > MAX_OUTLINES || misses > MAX_OUTLINE_MISSES) break;
      entry.outlineTokens = await this.#counter.outline(entry.ranked.document);
      if (entry.outlineTokens === undefined) continue;
      if (entry.outlineTokens <= this.left) {
        entry.state = "outline";
        this.left -= entry.outlineTokens;
      } else misses++;
    }
    await this.#upgrade();
  }

  /** What `tokens` more would bring; null when all files are in as a whole. */
  gain(tokens: number): Gain | null {
    let room = this.left + tokens;
    let files = 0;
    const missing = this.entries.filter(({ state }) => state !== "whole");
    if (missing.length === 0) return null;
    for (const entry of missing) {
      const more = entry.tokens - taken(entry);
      if (more > room) continue;
      room -= more;
      files++;
    }
    return { tokens: Math.min(tokens, this.left + tokens - room), files };
  }

  /** Whole files beyond their share are put out again, beginning with the least important; manifests and pins stay. */
  #makeRoom(possible: (document: Document) => boolean): void {
    const share = this.#available * OUTLINE_SHARE;
    for (const entry of this.entries.toReversed()) {
      if (this.left >= share) return;
      const { pinned, kind, document } = entry.ranked;
      if (entry.state !== "whole" || pinned || KEPT.has(kind) || !possible(document)) continue;
      entry.state = "out";
      this.left += entry.tokens;
    }
  }

  async #upgrade(): Promise<void> {
    for (const entry of this.entries) {
      throwIfAborted(this.#signal);
      if (entry.state === "whole" || !(await this.#fits(entry, this.left + taken(entry)))) continue;
      this.left += taken(entry) - entry.tokens;
      entry.state = "whole";
    }
  }

  /** Whether the whole file has room; counts it exactly unless it clearly has none. */
  async #fits(entry: Entry, room: number): Promise<boolean> {
    if (!this.#counter.exact || !entry.estimated) return entry.tokens <= room;
    const { document } = entry.ranked;
    if (document.bytes / MOST_BYTES_PER_TOKEN > room) return false;
    const { files, tokens, estimates } = this.#counted;
    const ratio = files < ENOUGH_COUNTED ? 0 : tokens / estimates;
    if (entry.tokens * ratio > room * WELL_OVER || (this.#misses >= MAX_MISSES && entry.tokens > room)) return false;
    const estimate = entry.tokens;
    entry.tokens = await this.#counter.whole(document);
    entry.estimated = false;
    this.#counted = { files: files + 1, tokens: tokens + entry.tokens, estimates: estimates + estimate };
    if (entry.tokens > room) this.#misses++;
    return entry.tokens <= room;
  }
}

/** Tokens that an entry takes now. */
export function taken(entry: Entry): number {
  if (entry.state === "out") return 0;
  return entry.state === "whole" ? entry.tokens : (entry.outlineTokens ?? 0);
}
