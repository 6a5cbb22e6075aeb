import { LongsightError } from "../shared/errors";
import { TraceIndex } from "./trace/query";
import { TraceStore } from "./trace/store";
import type { Trace } from "./trace/types";

/** Decoded traces that are kept in memory. */
const KEPT = 4;

/** The traces on disk, and the last ones decoded in memory. */
export class TraceHost {
  readonly #dir: () => string;
  readonly #indexes = new Map<string, TraceIndex>();

  /** @param dir folder of the traces, as the settings have it now */
  constructor(dir: () => string) {
    this.#dir = dir;
  }

  /** @throws LongsightError LS-501 */
  async store(trace: Trace): Promise<void> {
    this.#keep(new TraceIndex(trace));
    await new TraceStore(this.#dir()).write(trace);
  }

  /** @throws LongsightError LS-404 */
  async index(id: string): Promise<TraceIndex> {
    const index = this.#indexes.get(id) ?? new TraceIndex(await new TraceStore(this.#dir()).read(id));
    this.#keep(index);
    return index;
  }

  async latest(workspace: string): Promise<string | null> {
    try {
      return await new TraceStore(this.#dir()).latest(workspace);
    } catch (error) {
      if (error instanceof LongsightError && error.code === "LS-405") return null;
      throw error;
    }
  }

  /** Removes traces whose answers are gone. */
  async remove(ids: readonly string[]): Promise<void> {
    const store = new TraceStore(this.#dir());
    for (const id of ids) {
      this.#indexes.delete(id);
      await store.remove(id);
    }
  }

  /** Drops what is in memory. */
  forget(): void {
    this.#indexes.clear();
  }

  #keep(index: TraceIndex): void {
    const { id } = index.trace;
    this.#indexes.delete(id);
    this.#indexes.set(id, index);
    for (const oldest of this.#indexes.keys()) {
      if (this.#indexes.size <= KEPT) return;
      this.#indexes.delete(oldest);
    }
  }
}
