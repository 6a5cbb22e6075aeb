import type { ReadText, Snapshot } from "../workspace/types";
import type { TokenCache } from "./tokens";
import type { Plan } from "./types";

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
  readonly signal?: AbortSignal;
  /** Files counted, of files in the snapshot. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Decides what goes into the context, in which order, and why the rest does not.
 * Same snapshot, budget and tokenizer: same plan.
 * @throws LongsightError LS-401 when no file fits the budget, LS-105 when a file changed since the snapshot, LS-900 aborted
 */
export function planContext(_options: PlanOptions): Promise<Plan> {
  return Promise.reject(new Error("not built yet"));
}
