/** Which files matter most when not all fit. */
import type { Document } from "../workspace/types";
import { type FileKind, isReadMe, kindOf } from "./kinds";

/** A document with what decides its place. */
export interface Ranked {
  readonly document: Document;
  readonly kind: FileKind;
  readonly readMe: boolean;
  readonly pinned: boolean;
  /** Other files that import it. */
  readonly uses: number;
}

/** Order in which kinds are let in while the budget lasts. */
const PRIORITY: readonly FileKind[] = ["manifest", "documentation", "source", "test", "configuration", "data"];
/** Share of the budget that documentation may take before source: some repositories are mostly prose. */
const DOCUMENTATION_SHARE = 0.15;
/** Points of the newest file, halved with each week: as much as being used by three files more than none. */
const RECENCY_POINTS = 2;
const HALF_LIFE_MS = 7 * 24 * 3600 * 1000;

/**
 * Pinned files, readmes, manifests, documentation (a part of the budget), source by use and recency, the rest of the
 * documentation, tests, configuration, data.
 * @param documentationBytes bytes of documentation that come before the source
 */
export function byImportance(ranked: readonly Ranked[], documentationBytes: number): Ranked[] {
  const newest = ranked.reduce((latest, { document }) => Math.max(latest, document.mtimeMs), 0);
  const points = new Map(ranked.map((entry) => [entry, pointsOf(entry, newest)]));
  const sorted = ranked.toSorted(
    (a, b) =>
      Number(b.pinned) - Number(a.pinned) ||
      PRIORITY.indexOf(a.kind) - PRIORITY.indexOf(b.kind) ||
      Number(b.readMe) - Number(a.readMe) ||
      (points.get(b) ?? 0) - (points.get(a) ?? 0) ||
      b.document.mtimeMs - a.document.mtimeMs ||
      comparePaths(a.document, b.document),
  );
  return putOff(sorted, documentationBytes);
}

/** Bytes of documentation that come before the source under a budget of `tokens`. */
export function documentationBytes(tokens: number, bytesPerToken: number): number {
  return tokens * DOCUMENTATION_SHARE * bytesPerToken;
}

/** Documentation beyond its share comes behind the source. */
function putOff(sorted: readonly Ranked[], bytes: number): Ranked[] {
  let left = bytes;
  const late = new Set<Ranked>();
  for (const entry of sorted) {
    if (entry.kind !== "documentation" || entry.pinned) continue;
    if (entry.document.bytes <= left) left -= entry.document.bytes;
    else late.add(entry);
  }
  const rank = ({ kind, pinned }: Ranked): number => (pinned ? 0 : 1 + PRIORITY.indexOf(kind));
  const rest = sorted.filter((entry) => !late.has(entry));
  const firstTest = rest.findIndex((entry) => rank(entry) > 1 + PRIORITY.indexOf("source"));
  const at = firstTest < 0 ? rest.length : firstTest;
  return [...rest.slice(0, at), ...late, ...rest.slice(at)];
}

function pointsOf({ document, uses }: Ranked, newest: number): number {
  return Math.log2(1 + uses) + RECENCY_POINTS * 2 ** (-(newest - document.mtimeMs) / HALF_LIFE_MS);
}

/** The documents with their kind, uses and pins. */
export function rank(
  documents: readonly Document[],
  uses: ReadonlyMap<Document, number>,
  isPinned: (document: Document) => boolean,
): Ranked[] {
  return documents.map((document) => ({
    document,
    kind: kindOf(document),
    readMe: isReadMe(document),
    pinned: isPinned(document),
    uses: uses.get(document) ?? 0,
  }));
}

export const comparePaths = (a: Document, b: Document): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
