import { isCancelled, LongsightError } from "../shared/errors";
import type { EngineState, EngineStatus } from "../shared/protocol";
import type { Log } from "./log";
import type { OnProgress, Operation } from "./progress";
import { Queue, type Rank } from "./queue";
import { StatusBoard } from "./status";

/** Runs the engine's calls one at a time, and keeps the status true while they start, go on, fail and end. */
export class Runner {
  readonly status: StatusBoard;
  readonly #log: Log;
  readonly #queue = new Queue();
  /** Aborts what runs when the engine ends. */
  readonly #life = new AbortController();
  readonly #restState: () => EngineState;

  /** @param restState the state when nothing runs and nothing has failed */
  constructor(log: Log, onStatus: ((status: EngineStatus) => void) | undefined, restState: () => EngineState) {
    this.#log = log;
    this.status = new StatusBoard(onStatus);
    this.#restState = restState;
  }

  /**
   * Waits for the model to be free; ends with the call's signal or the engine's life.
   * @param rank work of a lower rank that is under way gives way
   * @throws LongsightError LS-900
   */
  run<T>(
    state: EngineState,
    options: Operation,
    work: (operation: Operation) => Promise<T>,
    rank: Rank = "normal",
  ): Promise<T> {
    const operation = this.operation(options);
    return this.#queue.run(() => this.#show(state, () => work(operation)), operation.signal, rank);
  }

  /**
   * Runs work that can be interrupted: it resolves with null when it gave way, and comes again behind what it gave way to.
   * @param state null: the work itself says what it does, and what goes wrong is told to its caller alone
   * @throws LongsightError LS-900
   */
  async runInSlices<T>(
    state: EngineState | null,
    options: Operation,
    work: (operation: Operation, giveWay: AbortSignal) => Promise<T | null>,
    rank: Rank = "normal",
  ): Promise<T> {
    const operation = this.operation(options);
    for (;;) {
      const slice = (giveWay: AbortSignal): Promise<T | null> =>
        state === null
          ? this.#keepState(() => work(operation, giveWay))
          : this.#show(state, () => work(operation, giveWay));
      const result = await this.#queue.run(slice, operation.signal, rank);
      if (result !== null) return result;
    }
  }

  /** Waits its turn like `run`, without a state of its own: for quick changes. */
  change<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(work);
  }

  /** The call's options, with the engine's life in its signal and its progress in the status. */
  operation({ signal, onProgress }: Operation): Operation {
    const tell: OnProgress = (progress) => {
      this.status.update({ progress });
      onProgress?.(progress);
    };
    return {
      signal: signal === undefined ? this.#life.signal : AbortSignal.any([signal, this.#life.signal]),
      onProgress: tell,
    };
  }

  /** Nothing runs now. */
  rest(): void {
    this.status.enter(this.#restState());
  }

  /** Stops what runs within one step, and lets nothing start any more. */
  close(): Promise<void> {
    this.#life.abort();
    return this.#queue.close();
  }

  async #show<T>(state: EngineState, work: () => Promise<T>): Promise<T> {
    this.status.enter(state);
    try {
      const result = await work();
      this.rest();
      return result;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** What the work shows is over with it; a state that it did not touch stays. */
  async #keepState<T>(work: () => Promise<T>): Promise<T> {
    const before = this.status.value.state;
    try {
      return await work();
    } finally {
      if (this.status.value.state !== before) this.rest();
    }
  }

  #failed(error: unknown): void {
    if (isCancelled(error) || isAboutRequest(error)) this.rest();
    else if (isNoModel(error)) this.status.enter("noModel");
    else {
      if (!(error instanceof LongsightError)) this.#log.error("unexpected failure", error);
      this.status.fail(error);
    }
  }
}

/** Errors of one question or query: the engine itself is as well as before. */
const REQUEST_ERRORS: ReadonlySet<string> = new Set([
  "LS-402",
  "LS-403",
  "LS-404",
  "LS-405",
  "LS-406",
  "LS-408",
  "LS-410",
  "LS-601",
]);

function isAboutRequest(error: unknown): boolean {
  return error instanceof LongsightError && REQUEST_ERRORS.has(error.code);
}

/** True when no model is chosen, or the chosen one is not on this machine. */
export function isNoModel(error: unknown): boolean {
  return error instanceof LongsightError && (error.code === "LS-302" || error.code === "LS-306");
}

/** Models can be listed while the chosen one is missing or damaged: that is when another one is looked for. */
export function nullWithoutUsableModel(error: unknown): null {
  if (error instanceof LongsightError && error.code.startsWith("LS-3")) return null;
  throw error;
}

/** Nothing, where only a model is missing. */
export function nullWithoutModel(error: unknown): null {
  if (isNoModel(error)) return null;
  throw error;
}
