import { userErrors } from "../shared/errors";
import { unlessAborted } from "./progress";

/** Runs tasks one after the other, in the order in which they came. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * Runs `task` when those before it have ended. A task whose signal aborts while it waits is
   * cancelled at once and never starts.
   * @throws LongsightError LS-900 when aborted or closed while waiting
   */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let started = false;
    const turn = this.#last.then(async () => {
      if (this.#closed || signal?.aborted === true) throw userErrors.cancelled();
      started = true;
      return task();
    });
    this.#last = turn.catch(() => undefined);
    return unlessAborted(turn, signal, () => !started);
  }

  /** Lets no further task start, and resolves when the running one has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }
}
