import { userErrors } from "../../shared/errors";
import type { Document, ReadText, Snapshot } from "../workspace/types";
import { type Counter, type Entry, Filling, taken } from "./filling";
import { estimateTextTokens, estimateTokens, fileFrame } from "./frame";
import { folderMatcher, globMatcher } from "./globs";
import { byImportance, comparePaths, documentationBytes, rank } from "./importance";
import { isStable } from "./kinds";
import { type MapDetail, repositoryMap } from "./map";
import type { Outlines } from "./outlines";
import { countPiece, pieceOf } from "./piece";
import type { TokenCache } from "./tokens";
import type { Plan, PlannedDocument } from "./types";
import type { Uses } from "./uses";

/** What a plan is made from. */
export interface PlanOptions {
  readonly snapshot: Snapshot;
  /** Tokens of the whole packed context: frame, map, headers and files. */
  readonly budget: number;
  /** Tokens of the frame prefix, which the budget pays too. Default 0. */
  readonly frameTokens?: number;
  readonly read: ReadText;
  /** Counts exactly; null while no model is known: then tokens are estimated from bytes. */
  readonly tokens: TokenCache | null;
  /** Glob patterns of what goes in before all else. Default none. */
  readonly pinned?: readonly string[];
  /** Folders that the context is limited to, relative to their root. Default: all. */
  readonly scope?: readonly string[];
  /** Makes outlines of files that have no room; null: they are left out. Default null. */
  readonly outlines?: Outlines | null;
  /** Counts which files others import; null: all count alike. Default null. */
  readonly uses?: Uses | null;
  /** Default `files`. */
  readonly map?: MapDetail;
  readonly signal?: AbortSignal | undefined;
  /** Files looked at, of files in the snapshot. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Share of the budget that the repository map may take. */
const MAP_SHARE = 0.03;
/** Where estimates stay below this share of the budget, all fits, and it does not matter what is important. */
const SURELY_FITS = 0.7;
/** Bytes of text per token, for what is not worth counting. */
const BYTES_PER_TOKEN = 3.5;
/** Tokens more that the plan says the gain of. */
const GAIN_TOKENS = 65_536;
const OUT_OF_SCOPE = "outside of the folders that the context is limited to";

/**
 * Decides what goes into the context, in which order, and why the rest does not. Let in by importance; a file that does not
 * fit leaves its room to smaller ones. When not all fit, a part of the budget is for outlines. In the context: manifests
 * and documentation first, then the rest from the oldest edit to the newest. Same snapshot, settings and tokenizer: same
 * plan.
 * @throws LongsightError LS-401 when no file fits the budget, LS-105 when a file changed since the snapshot, LS-900 aborted
 */
export async function planContext(options: PlanOptions): Promise<Plan> {
  const { snapshot, budget, tokens, outlines = null, signal, onProgress } = options;
  const inScope = folderMatcher(options.scope ?? [], snapshot.roots);
  const documents = snapshot.documents.filter(inScope);
  const measure = (text: string): number =>
    tokens === null ? estimateTextTokens(text) : tokens.tokenizer.tokenize(text).length;
  const map = repositoryMap(documents, measure, Math.floor(budget * MAP_SHARE), options.map);
  const mapTokens = map === "" ? 0 : measure(map);
  const fixed = (options.frameTokens ?? 0) + mapTokens;
  const available = budget - fixed;
  const ranked = await rankAll(documents, available, options);
  const filling = new Filling(ranked, available, counterOf(options), signal);
  await filling.wholes((done) => onProgress?.(done, documents.length));
  if (outlines !== null) await filling.outlines((document) => outlines.possible(document));
  await tokens?.save();
  const { entries, left } = filling;
  const included = entries.filter(({ state }) => state !== "out").sort(contextOrder);
  if (included.length === 0) {
    const smallest = entries.reduce((least, entry) => Math.min(least, entry.tokens), Infinity);
    throw userErrors.budgetTooSmall(budget, fixed + (Number.isFinite(smallest) ? smallest : 0));
  }
  const tooLarge = `over the budget of ${budget.toLocaleString("en")} tokens`;
  const outside = snapshot.documents.filter((document) => !inScope(document));
  const leftOut = [
    ...entries.filter(({ state }) => state === "out").map((entry) => describe(entry, tooLarge)),
    ...outside.map((document): PlannedDocument => {
      return { document, tokens: estimateTokens(document), estimated: true, included: false, reason: OUT_OF_SCOPE };
    }),
  ].sort((a, b) => comparePaths(a.document, b.document));
  return {
    snapshot,
    budget,
    documents: [...included.map((entry) => describe(entry, tooLarge)), ...leftOut],
    tokens: available - left,
    map,
    mapTokens,
    gain: filling.gain(GAIN_TOKENS),
  };
}

async function rankAll(documents: readonly Document[], available: number, options: PlanOptions) {
  const { snapshot, read, uses = null, pinned = [], signal } = options;
  const estimate = documents.reduce((sum, document) => sum + estimateTokens(document), 0);
  const matters = uses !== null && estimate > SURELY_FITS * available;
  const counts = matters ? await uses.count(documents, read, signal) : new Map<Document, number>();
  const ranked = rank(documents, counts, globMatcher(pinned, snapshot.roots));
  return byImportance(ranked, documentationBytes(available, BYTES_PER_TOKEN));
}

function counterOf({ read, tokens, outlines = null }: PlanOptions): Counter {
  return {
    exact: tokens !== null,
    whole: async (document) =>
      tokens === null ? estimateTokens(document) : countPiece(pieceOf(document, await read(document), null), tokens),
    outline: async (document) => {
      const text = await read(document);
      const outline = await outlines?.outline(document, text);
      if (outline === undefined) return undefined;
      if (tokens !== null) return countPiece(pieceOf(document, text, outline), tokens);
      const { header, footer } = fileFrame(document, text, outline.text);
      return estimateTextTokens(header + outline.text + footer);
    },
  };
}

function describe(entry: Entry, tooLarge: string): PlannedDocument {
  const { ranked, state, tokens, estimated } = entry;
  const { document, pinned } = ranked;
  const outline = state === "outline";
  return {
    document,
    tokens: outline ? taken(entry) : tokens,
    estimated: outline ? false : estimated,
    included: state !== "out",
    ...(outline && { outline }),
    ...(pinned && { pinned }),
    reason: state === "out" ? tooLarge : outline ? `declarations only: the whole file is ${tooLarge}` : whyIn(entry),
  };
}

function whyIn({ ranked: { pinned, kind, uses } }: Entry): string {
  if (pinned) return "pinned";
  return uses === 0 ? kind : `${kind}, used by ${uses === 1 ? "1 file" : `${uses} files`}`;
}

function contextOrder(a: Entry, b: Entry): number {
  const [one, other] = [a.ranked, b.ranked];
  const stable = isStable(one.kind);
  if (stable !== isStable(other.kind)) return stable ? -1 : 1;
  const byKind = Number(other.kind === "manifest") - Number(one.kind === "manifest");
  const byAge = one.document.mtimeMs - other.document.mtimeMs;
  return (stable ? byKind : byAge) || comparePaths(one.document, other.document);
}
