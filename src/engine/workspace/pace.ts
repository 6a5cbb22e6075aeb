import { setImmediate as nextTurn } from "node:timers/promises";

/** Longest time in ms that calls may keep the process from doing anything else. */
const SLICE_MS = 10;
/** Mean time in ms of a call from which the disk is slow: then it is waited for, with other calls meanwhile. */
const SLOW_CALL_MS = 0.5;
/** Share of the newest call in the mean. */
const WEIGHT = 1 / 64;

/**
 * Runs calls of the file system in the way that is fast where they are made. What the system has in its cache comes at once,
 * and handing the call to another thread costs many times more than the call; a disk or a network that must be waited for
 * is asked in parallel.
 */
export class Pace {
  #meanMs = 0;
  #sliceEnds = 0;
  #turn: Promise<void> | null = null;

  /** @param direct blocks until it is done; `indirect` does the same on another thread */
  async run<T>(direct: () => T, indirect: () => Promise<T>): Promise<T> {
    if (this.#turn !== null) await this.#turn;
    const began = performance.now();
    if (began > this.#sliceEnds) await this.#takeTurn();
    if (this.#meanMs > SLOW_CALL_MS) {
      // Four calls run at once: each gets on as fast as a quarter of the time that it takes.
      return this.#measured(began, indirect());
    }
    try {
      return direct();
    } finally {
      this.#note(performance.now() - began);
    }
  }

  async #measured<T>(began: number, call: Promise<T>): Promise<T> {
    try {
      return await call;
    } finally {
      this.#note((performance.now() - began) / 4);
    }
  }

  #note(ms: number): void {
    this.#meanMs += (ms - this.#meanMs) * WEIGHT;
  }

  /** Lets everything else run. All calls wait for the one turn. */
  async #takeTurn(): Promise<void> {
    this.#turn ??= nextTurn().then(() => {
      this.#turn = null;
      this.#sliceEnds = performance.now() + SLICE_MS;
    });
    await this.#turn;
  }
}
