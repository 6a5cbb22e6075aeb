import { toErrorValue } from "../shared/errors";
import type { EngineState, EngineStatus } from "../shared/protocol";

const initial: EngineStatus = {
  state: "idle",
  model: null,
  backend: null,
  progress: null,
  context: null,
  error: null,
};

/** Keeps the one value that says how the engine is, and tells each change. */
export class StatusBoard {
  #status = initial;
  readonly #tell: (status: EngineStatus) => void;

  constructor(tell: ((status: EngineStatus) => void) | undefined) {
    this.#tell = tell ?? (() => undefined);
  }

  get value(): EngineStatus {
    return this.#status;
  }

  update(change: Partial<EngineStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#tell(this.#status);
  }

  /** Enters a state; progress and error of the one before are over. */
  enter(state: EngineState): void {
    this.update({ state, progress: null, error: null });
  }

  fail(error: unknown): void {
    this.update({ state: "failed", progress: null, error: toErrorValue(error) });
  }
}
