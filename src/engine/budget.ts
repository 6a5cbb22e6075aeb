import type { EngineSettings } from "../shared/protocol";
import { thisMachine } from "./model/recommend";
import type { ActiveModel } from "./modelHost";
import { chooseBudget, type ContextShape, contextBytes, requireMemory, tokensThatFit } from "./session/memory";

/** Longest question with its frame and selection, in tokens. */
export const QUESTION_LIMIT = 4096;
/** Tokens per prefill chunk. */
export const BATCH_SIZE = 512;
/** A budget that comes from free memory is rounded down to this, so that it is the same at the next start. */
const BUDGET_STEP = 16_384;

/** Tokens of the context beside the cache in which files are read one by one; a longer file doubles it. */
const SCRATCH_TOKENS = 16_384;

/** Tokens of the packed context that are allowed, and why not more. */
export interface Budget {
  readonly tokens: number;
  readonly reason: string;
  /** Bytes of a context of `tokens`, and of what is beside it while it is read. */
  memoryBytes(tokens: number): number;
}

/** What a model's context costs. */
export function shapeOf(active: ActiveModel, settings: EngineSettings): ContextShape {
  const { layers, kvHeads, headDim, denseReason } = active.model.facts;
  const projection = denseReason === null ? Math.min(settings.esa.projection, kvHeads * headDim) : 0;
  return { layers, kvHeads, headDim, projection, batchSize: BATCH_SIZE };
}

/** Tokens before a chunk that are always attended: as set, within the positions that the model was trained on. */
export function localWindow(settings: EngineSettings, active: ActiveModel): number {
  const { local } = settings.esa;
  const { trainedContext } = active.model.facts;
  return trainedContext > 0 ? Math.min(local, Math.max(BATCH_SIZE, trainedContext - BATCH_SIZE)) : local;
}

/** Bytes that a context may take where most of it will be: on the GPU, else in main memory. */
export function freeMemory(settings: EngineSettings, active: ActiveModel): number {
  const machine = thisMachine(active.runtime.devices);
  return onDevice(settings, active) ? machine.gpuMemoryFree : machine.memoryFree;
}

function onDevice(settings: EngineSettings, active: ActiveModel): boolean {
  if (settings.kvPlacement === "host" || active.runtime.backend === "cpu") return false;
  return thisMachine(active.runtime.devices).gpuMemoryFree > 0;
}

/** `12.3 GB free on cuda` */
function memoryName(settings: EngineSettings, active: ActiveModel, held: number): string {
  const free = ((freeMemory(settings, active) + held) / 2 ** 30).toFixed(1);
  return `${free} GB free ${onDevice(settings, active) ? `on ${active.runtime.backend}` : "in main memory"}`;
}

/** Least budget that is worth a try, in tokens: a repository map and a file or two. */
const LEAST_BUDGET = 1024;

/**
 * Refuses a budget that the memory does not hold before anything is allocated for it.
 * @throws LongsightError LS-201
 */
export function requireBudget(settings: EngineSettings, active: ActiveModel, held: number): void {
  const tokens = settings.budget > 0 ? settings.budget : LEAST_BUDGET;
  requireMemory(shapeOf(active, settings), tokens + reserveFor(settings), freeMemory(settings, active) + held);
}

/** Bytes beside the cache while files are read: for the context in which each is read by itself. */
function scratchBytes(settings: EngineSettings, shape: ContextShape): number {
  return settings.reading === "perFile" && shape.projection > 0 ? contextBytes(shape, SCRATCH_TOKENS) : 0;
}

/** Tokens kept for a question with its frame and for the answer. */
export function reserveFor(settings: EngineSettings): number {
  return QUESTION_LIMIT + settings.maxAnswerTokens;
}

/**
 * The budget for a workspace on this machine.
 * @param held bytes that the present context takes and a new one could have
 */
export function budgetFor(settings: EngineSettings, active: ActiveModel | null, held: number): Budget {
  if (active === null) {
    const tokens = settings.budget > 0 ? settings.budget : 2 ** 24;
    return { tokens, reason: settings.budget > 0 ? "as set" : "no model is chosen yet", memoryBytes: () => 0 };
  }
  const shape = shapeOf(active, settings);
  const scratch = scratchBytes(settings, shape);
  const fits = tokensThatFit(shape, Math.max(0, freeMemory(settings, active) + held - scratch));
  const { trainedContext, denseReason } = active.model.facts;
  const { budget, reason } = chooseBudget({
    setting: settings.budget,
    memoryName: memoryName(settings, active, held),
    memory: fits > BUDGET_STEP ? fits - (fits % BUDGET_STEP) : fits,
    trained: denseReason === null ? null : trainedContext,
    reserve: reserveFor(settings),
  });
  return {
    tokens: budget,
    reason,
    memoryBytes: (tokens) => contextBytes(shape, tokens + reserveFor(settings)) + scratch,
  };
}
