import type { NativeContext } from "../native";
import { commonPrefix } from "./tokenPrefix";

/** Least tokens of a scratch context; larger ones double, so that the same text is read in a context of the same size. */
const LEAST_TOKENS = 4096;

export interface ScratchOptions {
  /** Makes a context of so many tokens. @throws LongsightError LS-201 */
  readonly create: (tokens: number) => Promise<NativeContext>;
  /** Tokens per prefill chunk. */
  readonly batchSize: number;
}

export interface ScratchReading {
  readonly signal?: AbortSignal | undefined;
  readonly between?: (() => Promise<unknown>) | undefined;
  /** Tokens of the unit that were read. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * A second context in which one unit at a time is read behind the frame. It is made when it is needed, and keeps the
 * frame and an unfinished unit until it is disposed.
 */
export class Scratch {
  readonly #options: ScratchOptions;
  #context: NativeContext | null = null;
  #frame: Int32Array = new Int32Array(0);
  #unit: Int32Array = new Int32Array(0);

  constructor(options: ScratchOptions) {
    this.#options = options;
  }

  /** Bytes that it takes now. */
  get bytes(): number {
    return this.#context?.memory.total ?? 0;
  }

  /**
   * A context with the frame in it.
   * @param largest tokens of the largest unit that will be read
   * @param load appends the frame from disk; false when it is not there
   * @returns the context, and tokens of the frame that had to be read
   */
  async open(
    frame: Int32Array,
    largest: number,
    load: (context: NativeContext) => Promise<boolean>,
  ): Promise<{ readonly context: NativeContext; readonly read: number }> {
    let size = LEAST_TOKENS;
    while (size < frame.length + largest) size *= 2;
    if (this.#context !== null && this.#context.contextSize >= size && sameTokens(this.#frame, frame)) {
      return { context: this.#context, read: 0 };
    }
    await this.dispose();
    const context = await this.#options.create(size);
    try {
      const loaded = frame.length === 0 || (await load(context));
      if (!loaded) await context.prefill(frame);
      this.#context = context;
      this.#frame = frame;
      return { context, read: loaded ? 0 : frame.length };
    } catch (error) {
      await context.dispose();
      throw error;
    }
  }

  /**
   * Reads a unit behind the frame; goes on where an interrupted reading of the same one stopped.
   * @returns tokens that were read now, and whether the unit is complete: then it stands behind the frame
   */
  async read(
    unit: Int32Array,
    { signal, between, onProgress }: ScratchReading,
  ): Promise<{ read: number; complete: boolean }> {
    const context = this.#context;
    if (context === null) throw new Error("the scratch context is not open");
    const frame = this.#frame.length;
    const kept = this.#unfinished(unit);
    if (context.length > frame + kept) await context.remove(frame + kept);
    this.#unit = unit;
    const { batchSize } = this.#options;
    for (let done = kept; done < unit.length; done = context.length - frame) {
      await between?.();
      const from = done;
      const part = between === undefined ? unit.subarray(from) : unit.subarray(from, from + batchSize);
      const { aborted } = await context.prefill(part, {
        ...(signal !== undefined && { signal }),
        onProgress: (count) => onProgress?.(from + count),
      });
      if (aborted) return { read: context.length - frame - kept, complete: false };
    }
    return { read: unit.length - kept, complete: true };
  }

  async dispose(): Promise<void> {
    const context = this.#context;
    this.#context = null;
    this.#unit = new Int32Array(0);
    await context?.dispose();
  }

  /** Tokens of the unit that are there already: whole chunks, so that the rest is read in the same ones. */
  #unfinished(unit: Int32Array): number {
    const length = (this.#context?.length ?? 0) - this.#frame.length;
    const there = Math.min(length, commonPrefix(this.#unit, unit));
    return there === unit.length ? there : there - (there % this.#options.batchSize);
  }
}

function sameTokens(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && commonPrefix(a, b) === a.length;
}
