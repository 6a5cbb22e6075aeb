import { userErrors } from "../../shared/errors";
import { type Operation, ProgressMeter } from "../progress";
import { planEdit } from "./edit";
import type { KvCache } from "./kvCache";
import { anySignal, type BringOptions, type BringResult, type Reader } from "./reader";
import type { SnapshotStore } from "./snapshotStore";

/** Chunks that are prefilled between two looks at the clock. */
const CHUNKS_PER_SLICE = 8;
/** Least seconds of prefill between two checkpoints on disk. */
const CHECKPOINT_SECONDS = 20;
/** A checkpoint may take this share of the time since the one before it. */
const CHECKPOINT_SHARE = 0.04;
/** Tokens that are worth keeping when reading is interrupted. */
const MIN_KEPT = 512;

export interface ContextualReaderOptions {
  readonly store: SnapshotStore;
  /** Names everything that the cache depends on besides its tokens: model, parameters, projections, build. */
  readonly key: string;
  /** Tokens per prefill chunk. */
  readonly batchSize: number;
}

/** Reads from left to right, each file knowing those before it. What was read is on disk as a snapshot of the whole. */
export class ContextualReader implements Reader {
  readonly rebuildGoesOn = false;
  readonly heldBytes = 0;
  readonly #options: ContextualReaderOptions;
  readonly #checkpoints = new Checkpoints();
  /** Removed tokens that others in the cache had read. */
  #removed = 0;
  #length = 0;

  constructor(options: ContextualReaderOptions) {
    this.#options = options;
  }

  get staleness(): number {
    return this.#length === 0 ? 0 : this.#removed / this.#length;
  }

  async bring(cache: KvCache, wanted: Int32Array, options: BringOptions): Promise<BringResult> {
    if (options.rebuild === true) await cache.clear();
    else await this.#restore(cache, wanted, options);
    await this.#edit(cache, wanted, options.units);
    const reused = cache.tokens.length;
    const complete = await this.#prefill(cache, wanted, options);
    this.#length = cache.tokens.length;
    const prefilled = cache.tokens.length - reused;
    if (!complete) return { reused, prefilled, snapshotBytes: 0, complete };
    const stored = prefilled === 0 ? await this.#options.store.sizeOf(this.#options.key, wanted) : null;
    return { reused, prefilled, snapshotBytes: stored ?? (await this.#save(cache, options)), complete };
  }

  async available(cache: KvCache, wanted: Int32Array, units: readonly number[]): Promise<readonly boolean[]> {
    const own = planEdit(cache.tokens, wanted, units).kept;
    const snapshot = own === wanted.length ? null : await this.#options.store.find(this.#options.key, wanted, units);
    const kept = Math.max(own, snapshot?.kept ?? 0);
    return units.map((_, index) => (units[index + 1] ?? wanted.length) <= kept);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes a snapshot when more of it can be kept than of the cache. */
  async #restore(cache: KvCache, wanted: Int32Array, options: BringOptions): Promise<void> {
    const own = planEdit(cache.tokens, wanted, options.units).kept;
    if (own === wanted.length) return;
    const { store, key } = this.#options;
    const snapshot = await store.find(key, wanted, options.units);
    if (snapshot === null || snapshot.kept <= own || snapshot.tokens.length > cache.context.contextSize) return;
    const meter = new ProgressMeter("restore", "tokens", snapshot.tokens.length, options.onProgress);
    const loaded = await store.load(snapshot, key, cache.context);
    cache.replaced(loaded ? snapshot.tokens : new Int32Array(0));
    this.#removed = 0;
    if (loaded) meter.update(snapshot.tokens.length);
  }

  async #edit(cache: KvCache, wanted: Int32Array, units: readonly number[] | undefined): Promise<void> {
    const { removals } = planEdit(cache.tokens, wanted, units);
    const middle = removals.at(-1)?.[1] === cache.tokens.length ? removals.slice(0, -1) : removals;
    const under = middle.reduce((sum, [from, to]) => sum + to - from, 0);
    await cache.remove(removals);
    this.#removed = cache.tokens.length === 0 ? 0 : this.#removed + under;
  }

  /** @returns false when it gave way before all was read */
  async #prefill(cache: KvCache, wanted: Int32Array, options: BringOptions): Promise<boolean> {
    const { signal, giveWay, between, onProgress } = options;
    const start = cache.tokens.length;
    if (start === wanted.length) return true;
    const meter = new ProgressMeter("prefill", "tokens", wanted.length, onProgress, start);
    const slice = this.#options.batchSize * (between === undefined ? CHUNKS_PER_SLICE : 1);
    const stop = anySignal(signal, giveWay);
    this.#checkpoints.begin(start);
    while (cache.tokens.length < wanted.length) {
      await between?.();
      const from = cache.tokens.length;
      const result = await cache.read(wanted.subarray(from, from + slice), {
        ...(stop !== undefined && { signal: stop }),
        onProgress: (done) => meter.update(from + done),
      });
      if (result.aborted) {
        if (signal?.aborted !== true) return false;
        if (cache.tokens.length - this.#checkpoints.saved >= MIN_KEPT) await this.#save(cache, options);
        throw userErrors.cancelled();
      }
      if (cache.tokens.length < wanted.length && this.#checkpoints.due) await this.#save(cache, {});
    }
    return true;
  }

  async #save(cache: KvCache, options: Operation): Promise<number> {
    const { store, key } = this.#options;
    const meter = new ProgressMeter("save", "tokens", cache.tokens.length, options.onProgress);
    const bytes = await this.#checkpoints.time(cache.tokens.length, () => store.save(cache.context, key, cache.tokens));
    meter.update(cache.tokens.length);
    return bytes;
  }
}

/** Knows when it is time to save: often where saving is cheap, and never for more than a small share of the time. */
class Checkpoints {
  /** Tokens that the last one holds. */
  saved = 0;
  #at = -Infinity;
  #seconds = 0;

  /** Reading begins, or goes on, with `tokens` in the cache. */
  begin(tokens: number): void {
    if (this.#at === -Infinity || tokens < this.saved) {
      this.saved = tokens;
      this.#at = performance.now();
    }
  }

  get due(): boolean {
    const elapsed = (performance.now() - this.#at) / 1000;
    return elapsed >= Math.max(CHECKPOINT_SECONDS, this.#seconds / CHECKPOINT_SHARE);
  }

  async time<T>(tokens: number, save: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await save();
    this.#at = performance.now();
    this.#seconds = (this.#at - began) / 1000;
    this.saved = tokens;
    return result;
  }
}
