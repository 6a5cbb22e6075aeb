import { userErrors } from "../../shared/errors";

/** Share of the free memory that a context may take: the rest is for everything else on the machine. */
const USABLE = 0.85;
/** Bytes for intermediate results and the workspaces of the layers, whatever the size of the context. */
const FIXED = 384 * 2 ** 20;
/** Bytes of one value in f16. */
const F16 = 2;
/** Bytes of a score. */
const F32 = 4;

/** What decides how many bytes a token of context takes. */
export interface ContextShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width d' of the compressed keys; 0 when attention is dense. */
  readonly projection: number;
  /** Tokens per prefill chunk: scores are chunk × context. */
  readonly batchSize: number;
}

/** Bytes that one token of context takes: K and V, compressed keys, its column of the score buffer. */
export function bytesPerToken(shape: ContextShape): number {
  const { layers, kvHeads, headDim, projection, batchSize } = shape;
  return layers * (2 * kvHeads * headDim + projection) * F16 + batchSize * F32;
}

/** Bytes of a context of `tokens`. */
export function contextBytes(shape: ContextShape, tokens: number): number {
  return FIXED + tokens * bytesPerToken(shape);
}

/** Tokens of context that fit into `free` bytes. */
export function tokensThatFit(shape: ContextShape, free: number): number {
  return Math.max(0, Math.floor((free * USABLE - FIXED) / bytesPerToken(shape)));
}

/** @throws LongsightError LS-201 when a context of `tokens` does not fit into `free` bytes */
export function requireMemory(shape: ContextShape, tokens: number, free: number): void {
  const needed = contextBytes(shape, tokens);
  if (needed > free * USABLE) throw userErrors.noMemory(`${tokens} tokens of context`, needed, free * USABLE);
}

export interface BudgetOptions {
  /** Tokens that the user allows; 0: as much as fits. */
  readonly setting: number;
  /** Tokens that memory allows; asked for only when the user sets none. */
  readonly memory: number;
  /** Which memory that is: `12.3 GB free on the GPU`. */
  readonly memoryName: string;
  /** Tokens that a dense model can read; null when attention is selective. */
  readonly trained: number | null;
  /** Tokens kept for question and answer. */
  readonly reserve: number;
}

/** Tokens of the packed context, and why not more. A setting beyond the memory is an error later, not a silent cut. */
export function chooseBudget(options: BudgetOptions): { readonly budget: number; readonly reason: string } {
  const { setting, memory, memoryName, trained, reserve } = options;
  const wish =
    setting > 0
      ? { budget: setting, reason: "as set" }
      : { budget: Math.max(0, memory - reserve), reason: `as much as the memory holds: ${memoryName}` };
  const readable = trained === null ? Infinity : Math.max(0, trained - reserve);
  if (wish.budget <= readable) return wish;
  return { budget: readable, reason: "the model's trained context: it runs without selective attention" };
}
