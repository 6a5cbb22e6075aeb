/** A context of our addon: exact types, abort signals, an answer as a stream. */
import { guard, settle, toTypedError, withAbort } from "./nativeCalls";
import type {
  ContextMemory,
  GeneratedToken,
  GenerateOptions,
  GenerateResult,
  PrefillOptions,
  PrefillResult,
  RawContext,
} from "./nativeTypes";

/**
 * One KV cache with its own attention: ESA or dense. Calls run one at a time: a second one while the first still runs
 * rejects with NativeError BUSY, any call after `dispose` with DISPOSED.
 */
export class NativeContext {
  readonly #raw: RawContext;

  /** @internal Made by `Native.createContext`. */
  constructor(raw: RawContext) {
    this.#raw = raw;
  }

  /** Tokens in the cache. */
  get length(): number {
    return guard(() => this.#raw.length);
  }

  /** Cells of the cache, in tokens. */
  get contextSize(): number {
    return guard(() => this.#raw.contextSize);
  }

  /** Number of layers of the model. */
  get layers(): number {
    return guard(() => this.#raw.layers);
  }

  /** False: dense attention. */
  get isEsa(): boolean {
    return guard(() => this.#raw.esaEnabled);
  }

  /** False for dense contexts, and for models with layers that keep rotated keys (sliding windows). */
  get supportsSegments(): boolean {
    return guard(() => this.#raw.supportsSegments);
  }

  /** Bytes that this context takes. */
  get memory(): ContextMemory {
    return guard(() => this.#raw.memory());
  }

  /**
   * Appends tokens, a chunk at a time. After an abort the tokens of finished chunks stay; an unfinished chunk leaves none.
   * @throws NativeError FULL (nothing was appended), BAD_ARGUMENT (a token outside the vocabulary), FAILED
   */
  async prefill(tokens: Int32Array, options: PrefillOptions = {}): Promise<PrefillResult> {
    const { signal, trace = false, traces: all = false, onProgress } = options;
    if (signal?.aborted === true) return { done: 0, aborted: true, trace: null, traces: [] };
    const { done, aborted, traces } = await withAbort(
      signal,
      () => this.#raw.abort(),
      () => this.#raw.prefill(tokens, trace, all, (count, total) => onProgress?.(count, total)),
    );
    return { done, aborted, trace: (trace && !aborted ? traces.at(-1) : null) ?? null, traces: all ? traces : [] };
  }

  /**
   * Continues what was prefilled, yielding tokens as they come; returns why it ended. Leaving the loop stops the model.
   * @throws NativeError NO_LOGITS when nothing was prefilled since the last change of the cache, FAILED
   */
  async *generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerateResult, undefined> {
    const { signal, ...rest } = options;
    if (signal?.aborted === true) return { finish: "abort", endToken: null };
    const ready: GeneratedToken[] = [];
    let wake: () => void = () => undefined;
    let result: GenerateResult | undefined;
    let failure: Error | undefined;
    const onTokens = (tokens: Int32Array, traces: readonly (Uint8Array | null)[]): void => {
      tokens.forEach((token, index) => ready.push({ token, trace: traces[index] ?? null }));
      wake();
    };
    const running = withAbort(
      signal,
      () => this.#raw.abort(),
      () => this.#raw.generate(rest, onTokens),
    ).then(
      (value) => (result = value),
      (error: unknown) => (failure = toTypedError(error)),
    );
    void running.then(() => wake());
    try {
      for (;;) {
        for (let next = ready.shift(); next !== undefined; next = ready.shift()) yield next;
        if (failure !== undefined) throw failure;
        if (result !== undefined) return result;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ready.length > 0 || result !== undefined || failure !== undefined) resolve();
        });
      }
    } finally {
      if (result === undefined && failure === undefined) this.#raw.abort();
      await running;
    }
  }

  /** Token indices that one layer selected in the last step, ascending; empty for a dense layer. */
  trace(layer: number): Int32Array {
    return guard(() => this.#raw.trace(layer));
  }

  /** Logits after the last token, one per token of the vocabulary. @throws NativeError NO_LOGITS */
  logits(): Float32Array {
    return guard(() => this.#raw.logits());
  }

  /** Removes the tokens [from, to), by default to the end, and closes the gap. @throws NativeError BAD_ARGUMENT, FAILED */
  remove(from: number, to?: number): Promise<void> {
    return settle(() => this.#raw.remove(from, to ?? this.#raw.length));
  }

  /** Removes everything. */
  clear(): Promise<void> {
    return this.remove(0);
  }

  /**
   * Writes the cache with the tokens it holds to a file, beside and renamed.
   * @throws NativeError BAD_FILE when it cannot be written
   */
  snapshotSave(file: string, key: string, tokens: Int32Array): Promise<void> {
    return settle(() => this.#raw.snapshotSave(file, key, tokens));
  }

  /** Replaces the cache by a snapshot and resolves with its tokens. On BAD_FILE the context is empty and usable. */
  snapshotLoad(file: string, key: string): Promise<Int32Array> {
    return settle(() => this.#raw.snapshotLoad(file, key));
  }

  /**
   * Tokens of these half-open ranges of token indices are attended to by every step whatever their score, until this is called
   * again; `[]` ends it. They count towards `nTop`: of more than that the best are taken. The ranges stay where they are when tokens
   * are removed or added, so they are set anew for each question. Dense contexts attend to everything.
   * @throws NativeError BAD_ARGUMENT for a range that ends before it begins
   */
  setMust(ranges: readonly (readonly [from: number, to: number])[]): void {
    guard(() => this.#raw.setMust(Int32Array.from(ranges.flat())));
  }

  /**
   * Writes the tokens [from, from + tokens.length) of the cache to a file, beside and renamed. Their keys and values are as they
   * were read, behind what was before them then, and do not depend on where they stand.
   * @throws NativeError BAD_FILE when it cannot be written, BAD_ARGUMENT, UNSUPPORTED
   */
  segmentSave(file: string, key: string, from: number, tokens: Int32Array): Promise<void> {
    return settle(() => this.#raw.segmentSave(file, key, from, tokens));
  }

  /**
   * Appends a segment to the cache and resolves with its tokens. There are no logits afterwards.
   * @throws NativeError BAD_FILE, FULL, UNSUPPORTED; the context is as before then
   */
  segmentLoad(file: string, key: string): Promise<Int32Array> {
    return settle(() => this.#raw.segmentLoad(file, key));
  }

  /**
   * Appends the tokens [from, from + count) of another context of the same model and projections. Both are busy meanwhile.
   * @throws NativeError FULL, BAD_ARGUMENT, UNSUPPORTED; the context is as before then
   */
  segmentCopy(source: NativeContext, from: number, count: number): Promise<void> {
    return settle(() => this.#raw.segmentCopy(source.#raw, from, count));
  }

  /** Fills the cache with `count` arbitrary tokens without computing them, for benchmarks only. */
  benchFill(count: number): Promise<void> {
    return settle(() => this.#raw.benchFill(count));
  }

  /** Frees everything; waits for a running call after aborting it. May be called again. */
  dispose(): Promise<void> {
    return settle(() => this.#raw.dispose());
  }
}
