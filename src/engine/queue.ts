import { userErrors } from "../shared/errors";
import { unlessAborted } from "./progress";

/** Who gives way to whom: a running task is told to when one of a higher rank waits. */
export type Rank = "background" | "normal" | "question";

const ORDER: readonly Rank[] = ["background", "normal", "question"];

const outranks = (one: Rank, other: Rank): boolean => ORDER.indexOf(one) > ORDER.indexOf(other);

/** A task that runs or waits, with the signal that tells it to give way. */
interface Place {
  readonly rank: Rank;
  readonly giveWay: AbortController;
}

/**
 * Runs tasks one after the other, in the order in which they came. A task that can be interrupted heeds `giveWay`, ends
 * early, and comes again behind those that wait.
 */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;
  #running: Place | null = null;
  readonly #waiting = new Set<Place>();

  /**
   * Runs `task` when those before it have ended. A task whose signal aborts while it waits is
   * cancelled at once and never starts.
   * @throws LongsightError LS-900 when aborted or closed while waiting
   */
  run<T>(task: (giveWay: AbortSignal) => Promise<T>, signal?: AbortSignal, rank: Rank = "normal"): Promise<T> {
    const place: Place = { rank, giveWay: new AbortController() };
    let started = false;
    this.#waiting.add(place);
    if (this.#running !== null && outranks(rank, this.#running.rank)) this.#running.giveWay.abort();
    const leave = (): void => void this.#waiting.delete(place);
    signal?.addEventListener("abort", leave, { once: true });
    const turn = this.#last.then(async () => {
      leave();
      if (this.#closed || signal?.aborted === true) throw userErrors.cancelled();
      started = true;
      if ([...this.#waiting].some((other) => outranks(other.rank, rank))) place.giveWay.abort();
      this.#running = place;
      try {
        return await task(place.giveWay.signal);
      } finally {
        this.#running = null;
        signal?.removeEventListener("abort", leave);
      }
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
