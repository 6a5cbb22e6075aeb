import { LongsightError } from "../shared/errors";
import { TraceIndex } from "./trace/query";
import { TraceStore } from "./trace/store";
import type { Trace } from "./trace/types";
import { TraceView, type SymbolsOf } from "./trace/view";

/** Decoded traces that are kept in memory. */
const KEPT = 4;

/** The traces on disk, and the last ones decoded in memory. */
export class TraceHost {
  readonly #dir: () => string;
  readonly #symbolsOf: SymbolsOf;
  readonly #views = new Map<string, TraceView>();

  /**
   * @param dir folder of the traces, as the settings have it now
   * @param symbolsOf declarations of a traced file
   */
  constructor(dir: () => string, symbolsOf: SymbolsOf) {
    this.#dir = dir;
    this.#symbolsOf = symbolsOf;
  }

  /** @throws LongsightError LS-501 */
  async store(trace: Trace): Promise<void> {
    this.#keep(new TraceView(new TraceIndex(trace), this.#symbolsOf));
    await new TraceStore(this.#dir()).write(trace);
  }

  /** @throws LongsightError LS-404 */
  async index(id: string): Promise<TraceIndex> {
    return (await this.view(id)).index;
  }

  /** @throws LongsightError LS-404 */
  async view(id: string): Promise<TraceView> {
    const known = this.#views.get(id);
    const view = known ?? new TraceView(new TraceIndex(await new TraceStore(this.#dir()).read(id)), this.#symbolsOf);
    // Another request may have read the same trace meanwhile: its sums are kept.
    return this.#keep(this.#views.get(id) ?? view);
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
      this.#views.delete(id);
      await store.remove(id);
    }
  }

  /** Drops what is in memory. */
  forget(): void {
    this.#views.clear();
  }

  #keep(view: TraceView): TraceView {
    const { id } = view.index.trace;
    this.#views.delete(id);
    this.#views.set(id, view);
    for (const oldest of this.#views.keys()) {
      if (this.#views.size <= KEPT) break;
      this.#views.delete(oldest);
    }
    return view;
  }
}
