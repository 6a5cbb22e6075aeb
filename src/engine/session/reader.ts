import type { Operation } from "../progress";
import type { KvCache } from "./kvCache";

export interface BringOptions extends Operation {
  /** Read everything, whatever is in memory or on disk. */
  readonly rebuild?: boolean | undefined;
  /** First token of each unit of the wanted tokens that can be kept by itself; see planEdit. */
  readonly units?: readonly number[] | undefined;
  /** Ends the reading early, without an error: what was read stays, and the next call goes on from there. */
  readonly giveWay?: AbortSignal | undefined;
  /** Waited for between two chunks, so that somebody else can have the machine. */
  readonly between?: (() => Promise<unknown>) | undefined;
}

export interface BringResult {
  /** Tokens that were in the cache or on disk already. */
  readonly reused: number;
  readonly prefilled: number;
  /** Bytes on disk of what was read; 0 when it could not be saved. */
  readonly snapshotBytes: number;
  /** False: it gave way, and a part of the wanted tokens is not in the cache. */
  readonly complete: boolean;
}

/** A way of bringing a cache to the wanted tokens. */
export interface Reader {
  /** True when a rebuild that gave way goes on as an ordinary reading. */
  readonly rebuildGoesOn: boolean;
  /**
   * Brings the cache to the wanted tokens: removes what is no longer wanted, takes from disk what is there, reads the rest.
   * @throws LongsightError LS-900 when aborted; what was read by then is kept
   */
  bring(cache: KvCache, wanted: Int32Array, options: BringOptions): Promise<BringResult>;
  /** For each unit of the wanted tokens: whether it is in the cache or on disk, so that it needs no reading. */
  available(cache: KvCache, wanted: Int32Array, units: readonly number[]): Promise<readonly boolean[]>;
  /** Tokens removed from under those that had read them, as a share of the cache: how stale it is. */
  readonly staleness: number;
  /** Bytes that it holds besides the cache. */
  readonly heldBytes: number;
  /** Frees what it holds besides the cache. */
  dispose(): Promise<void>;
}

/** One signal out of those that are given. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
