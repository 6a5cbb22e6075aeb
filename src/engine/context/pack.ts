import type { ReadText } from "../workspace/types";
import type { TokenCache } from "./tokens";
import type { PackedContext, Plan } from "./types";

/** What a context is packed from. */
export interface PackOptions {
  readonly plan: Plan;
  /** Tokens that come first, such as the system text; the answer stage makes them. */
  readonly frame: Int32Array;
  readonly read: ReadText;
  readonly tokens: TokenCache;
  readonly signal?: AbortSignal;
  /** Tokens packed, of tokens planned. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Packs `[frame] [map] [file header, file text, closing fence]*` into one run of tokens. Each piece is tokenised by
 * itself, so the tokens of a file do not depend on its neighbours.
 * @throws LongsightError LS-105 when a file changed since the snapshot, LS-900 aborted
 */
export function packContext(_options: PackOptions): Promise<PackedContext> {
  return Promise.reject(new Error("not built yet"));
}
