import type { Interval } from "../../shared/trace";
import type { NativeContext } from "../native";
import type { PrefillOptions, PrefillResult } from "../nativeTypes";
import { applyRemovals } from "./edit";

/** A native context with the tokens that it holds. Everything that changes the one changes the other. */
export class KvCache {
  readonly context: NativeContext;
  /** The tokens, and room for more: they come one file at a time. */
  #buffer: Int32Array = new Int32Array(0);
  #length = 0;
  #packed = 0;

  constructor(context: NativeContext) {
    this.context = context;
  }

  /** The tokens in the cache. */
  get tokens(): Int32Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** How many of them are the packed context; what follows is of a question. */
  get packed(): number {
    return this.#packed;
  }

  /** Appends tokens of the packed context. @throws NativeError FULL, FAILED */
  read(tokens: Int32Array, options: PrefillOptions): Promise<PrefillResult> {
    const from = this.#length;
    const { onProgress } = options;
    return this.#append(
      tokens,
      {
        ...options,
        onProgress: (done, total) => {
          this.#packed = from + done;
          onProgress?.(done, total);
        },
      },
      true,
    );
  }

  /** Appends tokens that are no part of the packed context. @throws NativeError FULL, FAILED */
  append(tokens: Int32Array, options: PrefillOptions): Promise<PrefillResult> {
    return this.#append(tokens, options, false);
  }

  /** Says that the context got these tokens of the packed context at its end without reading them. */
  took(tokens: Int32Array): void {
    this.#add(tokens);
    this.#packed = this.#length;
    this.#check();
  }

  /** Says that the context was filled with these tokens, and nothing else is in it. */
  replaced(tokens: Int32Array): void {
    this.#length = 0;
    this.#add(tokens);
    this.#packed = this.#length;
    this.#check();
  }

  /** Removes tokens, the last ones first, so that the indices of the others stay true; what is left is packed context. */
  async remove(removals: readonly Interval[]): Promise<void> {
    for (const [from, to] of [...removals].reverse()) {
      if (from < to) await this.context.remove(from, to);
    }
    if (removals.length > 0) this.replaced(applyRemovals(this.tokens, removals));
    this.#packed = this.#length;
    this.#check();
  }

  /** Leaves the packed context alone in the cache. */
  async trim(): Promise<void> {
    if (this.context.length > this.#packed) await this.context.remove(this.#packed);
    this.#length = this.#packed;
  }

  clear(): Promise<void> {
    return this.remove([[0, this.#length]]);
  }

  async #append(tokens: Int32Array, options: PrefillOptions, packed: boolean): Promise<PrefillResult> {
    const before = this.context.length;
    const result = await this.context.prefill(tokens, options);
    this.#length = Math.min(this.#length, before);
    this.#add(tokens.subarray(0, this.context.length - before));
    if (packed) this.#packed = this.#length;
    return result;
  }

  #add(tokens: Int32Array): void {
    const length = this.#length + tokens.length;
    if (length > this.#buffer.length) {
      const larger = new Int32Array(Math.max(length, 2 * this.#buffer.length));
      larger.set(this.tokens);
      this.#buffer = larger;
    }
    this.#buffer.set(tokens, this.#length);
    this.#length = length;
  }

  #check(): void {
    const { length } = this.context;
    if (length === this.#length) return;
    throw new Error(`the cache holds ${length} tokens where ${this.#length} were kept`);
  }
}
