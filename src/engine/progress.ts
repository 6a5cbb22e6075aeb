import { userErrors } from "../shared/errors";
import type { Progress } from "../shared/protocol";

export type OnProgress = (progress: Progress) => void;

/** Options that every long operation takes. */
export interface Operation {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
}

/** @throws LongsightError LS-900 once the signal is aborted */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw userErrors.cancelled();
}

/** The promise, or LS-900 as soon as the signal aborts while `waiting`; what was promised goes on then, unheard. */
export function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  waiting: () => boolean = () => true,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      if (waiting()) reject(userErrors.cancelled());
    };
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Seconds over which the rate is smoothed. */
const SMOOTHING = 8;

/** Turns counts of finished work into Progress values with a smoothed rate and the time left. */
export class ProgressMeter {
  readonly #stage: Progress["stage"];
  readonly #unit: Progress["unit"];
  readonly #total: number;
  readonly #emit: OnProgress;
  readonly #clock: () => number;
  #done: number;
  #at: number;
  #rate = 0;

  /**
   * @param start work that was done before: it counts as done, not in the rate
   * @param clock milliseconds of a clock that never goes back
   */
  constructor(
    stage: Progress["stage"],
    unit: Progress["unit"],
    total: number,
    emit: OnProgress | undefined,
    start = 0,
    clock: () => number = () => performance.now(),
  ) {
    this.#stage = stage;
    this.#unit = unit;
    this.#total = total;
    this.#emit = emit ?? (() => undefined);
    this.#clock = clock;
    this.#done = start;
    this.#at = clock();
    this.#send();
  }

  /** Says that `done` of the total is finished now. */
  update(done: number): void {
    const now = this.#clock();
    const seconds = (now - this.#at) / 1000;
    if (seconds > 0 && done > this.#done) {
      const rate = (done - this.#done) / seconds;
      const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-seconds / SMOOTHING);
      this.#rate += weight * (rate - this.#rate);
      this.#at = now;
    }
    this.#done = done;
    this.#send();
  }

  #send(): void {
    const left = Math.max(0, this.#total - this.#done);
    this.#emit({
      stage: this.#stage,
      done: this.#done,
      total: this.#total,
      unit: this.#unit,
      rate: this.#rate,
      eta: this.#rate > 0 ? left / this.#rate : left === 0 ? 0 : null,
    });
  }
}
