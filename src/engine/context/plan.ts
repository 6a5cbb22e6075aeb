import { userErrors } from "../../shared/errors";
import { throwIfAborted } from "../progress";
import type { Document, ReadText, Snapshot } from "../workspace/types";
import { estimateTextTokens, estimateTokens, fileFrame } from "./frame";
import { type FileKind, isStable, kindOf, priorityOf } from "./kinds";
import { repositoryMap } from "./map";
import type { TokenCache } from "./tokens";
import type { Plan, PlannedDocument } from "./types";

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
  readonly signal?: AbortSignal | undefined;
  /** Files looked at, of files in the snapshot. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A document with the kind that decides its place. */
type Candidate = PlannedDocument & { readonly kind: FileKind };

/** Share of the budget that the repository map may take. */
const MAP_SHARE = 0.03;
/** A file whose bytes make more tokens than are left even at this many bytes each is not tokenised: it does not fit. */
const MOST_BYTES_PER_TOKEN = 6;

/**
 * Decides what goes into the context, in which order, and why the rest does not. Let in first: manifests, source (recently
 * edited before old), documentation, configuration, tests, data; a file that does not fit leaves its room to smaller
 * ones. In the context: manifests and documentation first, then the rest from the oldest edit to the newest.
 * Same snapshot, budget and tokenizer: same plan.
 * @throws LongsightError LS-401 when no file fits the budget, LS-105 when a file changed since the snapshot, LS-900 aborted
 */
export async function planContext(options: PlanOptions): Promise<Plan> {
  const { snapshot, budget, tokens, signal, onProgress } = options;
  const measure = (text: string): number =>
    tokens === null ? estimateTextTokens(text) : tokens.tokenizer.tokenize(text).length;
  const map = repositoryMap(snapshot.documents, measure, Math.floor(budget * MAP_SHARE));
  const mapTokens = map === "" ? 0 : measure(map);
  const fixed = (options.frameTokens ?? 0) + mapTokens;
  const tooLarge = `over the budget of ${budget.toLocaleString("en")} tokens`;
  const planned: Candidate[] = [];
  let left = budget - fixed;
  let smallest = Infinity;
  for (const { document, kind } of byImportance(snapshot.documents)) {
    throwIfAborted(signal);
    const hopeless = document.bytes / MOST_BYTES_PER_TOKEN > left;
    const estimated = tokens === null || hopeless;
    const count = estimated ? estimateTokens(document) : await countTokens(document, options.read, tokens);
    const included = !hopeless && count <= left;
    if (included) left -= count;
    smallest = Math.min(smallest, count);
    planned.push({ document, tokens: count, estimated, included, reason: included ? kind : tooLarge, kind });
    onProgress?.(planned.length, snapshot.documents.length);
  }
  await tokens?.save();
  const included = planned.filter((entry) => entry.included).sort(contextOrder);
  if (included.length === 0) throw userErrors.budgetTooSmall(budget, fixed + smallest);
  const leftOut = planned.filter((entry) => !entry.included).sort((a, b) => comparePaths(a.document, b.document));
  const documents = [...included, ...leftOut].map(({ kind: _, ...entry }): PlannedDocument => entry);
  return { snapshot, budget, documents, tokens: budget - fixed - left, map, mapTokens };
}

/** Tokens of a document with its header and closing fence. */
async function countTokens(document: Document, read: ReadText, tokens: TokenCache): Promise<number> {
  const text = await read(document);
  const { header, footer } = fileFrame(document, text);
  const { tokenizer } = tokens;
  const body = await tokens.tokensOf(document.contentHash, () => text);
  return tokenizer.tokenize(header).length + body.length + tokenizer.tokenize(footer).length;
}

function byImportance(documents: readonly Document[]): { document: Document; kind: FileKind }[] {
  const sorted = documents.map((document) => ({ document, kind: kindOf(document) }));
  return sorted.sort(
    (a, b) =>
      priorityOf(a.kind) - priorityOf(b.kind) ||
      b.document.mtimeMs - a.document.mtimeMs ||
      comparePaths(a.document, b.document),
  );
}

function contextOrder(a: Candidate, b: Candidate): number {
  const stableA = isStable(a.kind);
  if (stableA !== isStable(b.kind)) return stableA ? -1 : 1;
  const byKind = priorityOf(a.kind) - priorityOf(b.kind);
  const byAge = a.document.mtimeMs - b.document.mtimeMs;
  return (stableA ? byKind : byAge) || comparePaths(a.document, b.document);
}

const comparePaths = (a: Document, b: Document): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
