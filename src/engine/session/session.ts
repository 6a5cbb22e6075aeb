import { userErrors } from "../../shared/errors";
import type { NativeContext } from "../native";
import type { GeneratedToken, GenerateOptions, GenerateResult } from "../nativeTypes";
import { KvCache } from "./kvCache";
import type { BringOptions, BringResult, Reader } from "./reader";

export type { BringOptions, BringResult } from "./reader";

export interface SessionOptions {
  readonly context: NativeContext;
  readonly reader: Reader;
  /** Tokens per prefill chunk. */
  readonly batchSize: number;
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
  readonly #cache: KvCache;
  readonly #reader: Reader;
  readonly #batchSize: number;

  constructor({ context, reader, batchSize }: SessionOptions) {
    this.#cache = new KvCache(context);
    this.#reader = reader;
    this.#batchSize = batchSize;
  }

  get context(): NativeContext {
    return this.#cache.context;
  }

  /** Tokens of the packed context that are in the cache. */
  get readTokens(): number {
    return this.#cache.packed;
  }

  /** Bytes of memory that the cache and its reader take. */
  get heldBytes(): number {
    return this.#cache.context.memory.total + this.#reader.heldBytes;
  }

  /** Removed tokens that others in the cache had read, as a share of the cache. */
  get staleness(): number {
    return this.#reader.staleness;
  }

  /** True when a rebuild that gave way goes on as an ordinary reading. */
  get rebuildGoesOn(): boolean {
    return this.#reader.rebuildGoesOn;
  }

  /**
   * Brings the cache to the wanted tokens: removes what is no longer wanted, takes from disk what saves reading, reads
   * the rest, and saves the result.
   * @throws LongsightError LS-900 when aborted; what was read by then is kept, and saved when it is worth it
   */
  async bring(wanted: Int32Array, options: BringOptions = {}): Promise<BringResult> {
    await this.#cache.trim();
    return this.#reader.bring(this.#cache, wanted, options);
  }

  /** For each unit of the wanted tokens: whether it needs no reading. @param units first tokens, as for `bring` */
  available(wanted: Int32Array, units: readonly number[]): Promise<readonly boolean[]> {
    return this.#reader.available(this.#cache, wanted, units);
  }

  /** Appends a question with its frame. @throws LongsightError LS-900 when aborted */
  async question(tokens: Int32Array, options: { readonly signal?: AbortSignal | undefined }): Promise<QuestionResult> {
    const start = this.context.length;
    const { signal } = options;
    const result = await this.#cache.append(tokens, { trace: true, ...(signal !== undefined && { signal }) });
    if (result.aborted) {
      await this.forgetQuestion();
      throw userErrors.cancelled();
    }
    const lastChunk = Math.floor((tokens.length - 1) / this.#batchSize) * this.#batchSize;
    return { trace: result.trace, chunkStart: start + lastChunk };
  }

  /** Continues after the question. */
  generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerateResult, undefined> {
    return this.context.generate(options);
  }

  /** Takes question and answer off, so that the next question finds the packed context alone. */
  forgetQuestion(): Promise<void> {
    return this.#cache.trim();
  }

  async dispose(): Promise<void> {
    await this.#reader.dispose();
    await this.context.dispose();
  }
}
