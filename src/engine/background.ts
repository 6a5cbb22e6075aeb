import { setTimeout as sleep } from "node:timers/promises";
import { isCancelled } from "../shared/errors";
import type { Log } from "./log";
import { anySignal } from "./session/reader";

/** Milliseconds after the last change before its files are read: an edit is seldom one key. */
const DEBOUNCE_MS = 2500;
/** Milliseconds after a key during which the machine belongs to the user. */
const TYPING_MS = 2000;
/** Milliseconds between two looks at whether background reading is allowed. */
const CHECK_MS = 60_000;

export interface BackgroundParts {
  /** Reads what is missing; `between` is waited for between two chunks. Rejects with LS-900 once the signal aborts. */
  readonly read: (options: {
    readonly signal: AbortSignal;
    readonly between: (stop: AbortSignal | undefined) => Promise<void>;
  }) => Promise<void>;
  /** "later": not now, but perhaps in a minute, without anything else happening. */
  readonly mayRead: () => Promise<"yes" | "no" | "later">;
  readonly log: Log;
  /** Milliseconds; tests have less time. */
  readonly debounceMs?: number | undefined;
}

/** Decides when the workspace is read without being asked to: after changes, while nobody types, unless it is paused. */
export class BackgroundReading {
  readonly #parts: BackgroundParts;
  #started = false;
  #paused = false;
  #timer: NodeJS.Timeout | null = null;
  #running: AbortController | null = null;
  /** Something changed while it was reading. */
  #again = false;
  #typedAt = -Infinity;
  #checkedAt = -Infinity;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Begins to read what is missing; before this call nothing is read. */
  start(): void {
    this.#started = true;
    this.#schedule(0);
  }

  /** Files, folders or settings changed. */
  changed(): void {
    this.#schedule(this.#parts.debounceMs ?? DEBOUNCE_MS);
  }

  /** The user typed. */
  typed(): void {
    this.#typedAt = performance.now();
    this.changed();
  }

  /** Holds reading back, at the next chunk; or lets it go on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#running?.abort();
    else this.#schedule(0);
  }

  /** Stops for good. */
  dispose(): void {
    this.#started = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running?.abort();
  }

  #schedule(ms: number): void {
    if (!this.#started || this.#paused) return;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), ms).unref();
  }

  async #run(): Promise<void> {
    const { mayRead, read, log } = this.#parts;
    const abort = new AbortController();
    this.#timer = null;
    this.#running = abort;
    this.#again = false;
    let retry = false;
    try {
      const answer = await mayRead();
      retry = answer === "later";
      this.#checkedAt = performance.now();
      if (answer === "yes" && !abort.signal.aborted) {
        const between = async (stop: AbortSignal | undefined): Promise<void> => {
          await this.#quiet(anySignal(abort.signal, stop));
          if (await this.#stillAllowed()) return;
          retry = true;
          abort.abort();
        };
        await read({ signal: abort.signal, between });
      }
    } catch (error) {
      if (!isCancelled(error)) log.warn("reading in the background stopped", error);
    } finally {
      this.#running = null;
    }
    this.#goOn(retry);
  }

  /** @param retry what did not run now may run later, without anything else happening */
  #goOn(retry: boolean): void {
    if (this.#again) this.changed();
    else if (retry) this.#schedule(CHECK_MS);
  }

  /** Waits until nobody types, or until the signal aborts. */
  async #quiet(signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      const left = this.#typedAt + TYPING_MS - performance.now();
      if (left <= 0 || signal?.aborted === true) return;
      await sleep(left, undefined, { ...(signal !== undefined && { signal }) }).catch(() => undefined);
    }
  }

  async #stillAllowed(): Promise<boolean> {
    if (performance.now() - this.#checkedAt < CHECK_MS) return true;
    this.#checkedAt = performance.now();
    return (await this.#parts.mayRead()) === "yes";
  }
}
