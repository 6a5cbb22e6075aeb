import { userErrors } from "../../shared/errors";
import type { Log } from "../log";
import type { NativeContext } from "../native";
import type { GeneratedToken, GenerateOptions, GenerateResult, PrefillResult } from "../nativeTypes";
import { type Operation, ProgressMeter } from "../progress";
import type { Interval } from "../../shared/trace";
import type { SnapshotStore } from "./snapshotStore";
import { applyRemovals, planEdit } from "./edit";

/** Chunks that are prefilled between two looks at the clock. */
const CHUNKS_PER_SLICE = 8;
/** Seconds of prefill after which it is worth a checkpoint on disk. */
const CHECKPOINT_SECONDS = 180;
/** Tokens that are worth keeping when reading is interrupted. */
const MIN_KEPT = 512;

export interface SessionOptions {
  readonly context: NativeContext;
  readonly store: SnapshotStore;
  /** Names everything that the cache depends on besides its tokens: model, parameters, projections, build. */
  readonly key: string;
  /** Tokens per prefill chunk. */
  readonly batchSize: number;
  readonly log: Log;
}

export interface BringOptions extends Operation {
  /** Read everything, whatever is in memory or on disk. */
  readonly rebuild?: boolean;
  /** First token of each unit of the wanted tokens that can be kept by itself; see planEdit. */
  readonly units?: readonly number[];
}

export interface BringResult {
  /** Tokens that were in the cache or on disk already. */
  readonly reused: number;
  readonly prefilled: number;
  /** Bytes of the snapshot on disk; 0 when it could not be saved. */
  readonly snapshotBytes: number;
}

/** The question in the cache, ready to be answered. */
export interface QuestionResult {
  /** Selection of its last chunk; null when not asked for, or dense. */
  readonly trace: Uint8Array | null;
  /** Tokens in the cache before that chunk. */
  readonly chunkStart: number;
}

/**
 * The KV cache as a value: knows which tokens are in it and brings it to the tokens that are wanted, with the least work.
 * Questions and answers come after the packed context and are taken off again.
 */
export class Session {
  readonly #context: NativeContext;
  readonly #store: SnapshotStore;
  readonly #options: SessionOptions;
  /** The tokens in the cache. */
  #cached: Int32Array = new Int32Array(0);
  /** How many of the cached tokens are the packed context; what follows is of a question. */
  #packed = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#context = options.context;
    this.#store = options.store;
  }

  get context(): NativeContext {
    return this.#context;
  }

  /** Tokens of the packed context that are in the cache. */
  get readTokens(): number {
    return this.#packed;
  }

  /**
   * Brings the cache to the wanted tokens: removes what is no longer wanted, from a snapshot where that keeps more,
   * prefills the rest, and saves the result.
   * @throws LongsightError LS-900 when aborted; what was read by then is kept, and saved when it is worth it
   */
  async bring(wanted: Int32Array, options: BringOptions = {}): Promise<BringResult> {
    if (options.rebuild === true) await this.#remove([[0, this.#cached.length]]);
    else await this.#restore(wanted, options);
    await this.#remove(planEdit(this.#cached, wanted, options.units).removals);
    const reused = this.#cached.length;
    await this.#prefill(wanted, options);
    this.#packed = wanted.length;
    const stored = reused === wanted.length ? await this.#store.sizeOf(this.#options.key, wanted) : null;
    const snapshotBytes = stored ?? (await this.#save(options));
    return { reused, prefilled: wanted.length - reused, snapshotBytes };
  }

  /** Appends a question with its frame. @throws LongsightError LS-900 when aborted */
  async question(tokens: Int32Array, options: { readonly signal?: AbortSignal | undefined }): Promise<QuestionResult> {
    const start = this.#context.length;
    const result = await this.#append(tokens, { ...options, trace: true });
    if (result.aborted) {
      await this.forgetQuestion();
      throw userErrors.cancelled();
    }
    const lastChunk = Math.floor((tokens.length - 1) / this.#options.batchSize) * this.#options.batchSize;
    return { trace: result.trace, chunkStart: start + lastChunk };
  }

  /** Continues after the question. */
  generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerateResult, undefined> {
    return this.#context.generate(options);
  }

  /** Takes question and answer off, so that the next question finds the packed context alone. */
  async forgetQuestion(): Promise<void> {
    if (this.#context.length > this.#packed) await this.#context.remove(this.#packed);
    this.#cached = this.#cached.slice(0, this.#packed);
  }

  dispose(): Promise<void> {
    return this.#context.dispose();
  }

  /** Takes a snapshot when more of it can be kept than of the cache. */
  async #restore(wanted: Int32Array, options: BringOptions): Promise<void> {
    const own = planEdit(this.#cached, wanted, options.units).kept;
    if (own === wanted.length) return;
    const snapshot = await this.#store.find(this.#options.key, wanted, options.units);
    if (snapshot === null || snapshot.kept <= own || snapshot.tokens.length > this.#context.contextSize) return;
    const meter = new ProgressMeter("restore", "tokens", snapshot.tokens.length, options.onProgress);
    const loaded = await this.#store.load(snapshot, this.#options.key, this.#context);
    this.#cached = loaded ? snapshot.tokens : new Int32Array(0);
    this.#packed = this.#cached.length;
    if (loaded) meter.update(snapshot.tokens.length);
  }

  /** Removes tokens from the cache, the last ones first, so that the indices of the others stay true. */
  async #remove(removals: readonly Interval[]): Promise<void> {
    for (const [from, to] of [...removals].reverse()) {
      if (from < to) await this.#context.remove(from, to);
    }
    this.#cached = applyRemovals(this.#cached, removals);
    this.#packed = this.#cached.length;
    if (this.#context.length !== this.#cached.length) {
      throw new Error(`the cache holds ${this.#context.length} tokens where ${this.#cached.length} were kept`);
    }
  }

  async #prefill(wanted: Int32Array, options: Operation): Promise<void> {
    const { signal, onProgress } = options;
    const start = this.#cached.length;
    if (start === wanted.length) return;
    const meter = new ProgressMeter("prefill", "tokens", wanted.length, onProgress, start);
    const slice = this.#options.batchSize * CHUNKS_PER_SLICE;
    let savedAt = performance.now();
    let saved = start;
    while (this.#cached.length < wanted.length) {
      const from = this.#cached.length;
      const part = wanted.subarray(from, from + slice);
      const result = await this.#append(part, {
        signal,
        onProgress: (done) => {
          this.#packed = from + done;
          meter.update(from + done);
        },
      });
      this.#packed = this.#cached.length;
      if (result.aborted) {
        if (this.#cached.length - saved >= MIN_KEPT) await this.#save(options);
        throw userErrors.cancelled();
      }
      if (performance.now() - savedAt < CHECKPOINT_SECONDS * 1000 || this.#cached.length === wanted.length) continue;
      await this.#save({});
      saved = this.#cached.length;
      savedAt = performance.now();
    }
  }

  async #append(
    tokens: Int32Array,
    options: {
      readonly signal?: AbortSignal | undefined;
      readonly trace?: boolean;
      readonly onProgress?: (done: number) => void;
    },
  ): Promise<PrefillResult> {
    const { signal, trace = false, onProgress } = options;
    const before = this.#context.length;
    const result = await this.#context.prefill(tokens, {
      trace,
      ...(signal !== undefined && { signal }),
      ...(onProgress !== undefined && { onProgress }),
    });
    const added = tokens.subarray(0, this.#context.length - before);
    const cached = new Int32Array(before + added.length);
    cached.set(this.#cached.subarray(0, before));
    cached.set(added, before);
    this.#cached = cached;
    return result;
  }

  async #save(options: Operation): Promise<number> {
    const meter = new ProgressMeter("save", "tokens", this.#cached.length, options.onProgress);
    const bytes = await this.#store.save(this.#context, this.#options.key, this.#cached);
    meter.update(this.#cached.length);
    return bytes;
  }
}
