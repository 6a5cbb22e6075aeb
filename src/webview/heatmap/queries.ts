import type { TraceQuery, TraceSummary } from "../../shared/trace";
import type { HeatmapHost } from "./host";
import { committedQuery, previewQuery, queryKey, type HeatmapState } from "./state";
import type { Store } from "./store";

const cacheSize = 64;

/** Asks for the sums that the state needs, each once; answers go back as actions, and late ones are dropped there. */
export class SumQueries {
  private readonly cache = new Map<string, TraceSummary>();
  private readonly running = new Set<string>();
  private readonly wanted = new Map<"committed" | "preview", string>();

  constructor(
    private readonly store: Store,
    private readonly host: HeatmapHost,
    /** Called with true while the shown sums are late. */
    private readonly onBusy: (busy: boolean) => void,
  ) {
    store.onChange((state) => this.update(state));
  }

  private update(state: HeatmapState): void {
    const queries = { committed: committedQuery(state), preview: previewQuery(state) };
    for (const role of ["committed", "preview"] as const) {
      const query = queries[role];
      const key = query === null ? "" : queryKey(query);
      if (this.wanted.get(role) === key) continue;
      this.wanted.set(role, key);
      if (query !== null) this.fetch(query, key, state);
    }
    this.onBusy([...this.wanted.values()].some((key) => this.running.has(key)));
  }

  private fetch(query: TraceQuery, key: string, { trace }: HeatmapState): void {
    const whole = query.steps === undefined && query.layers === undefined && query.phase === "answer" ? trace : null;
    const known = whole ?? this.cache.get(key) ?? null;
    if (known !== null) {
      this.store.dispatch({ type: "sums", query, summary: known });
      return;
    }
    if (this.running.has(key)) return;
    this.running.add(key);
    this.host
      .query(query)
      .then((summary) => {
        this.remember(key, summary);
        this.store.dispatch({ type: "sums", query, summary });
      })
      .catch((error: unknown) => {
        this.store.dispatch({
          type: "problem",
          query,
          message: error instanceof Error ? error.message : String(error),
        });
      })
      .finally(() => {
        this.running.delete(key);
        this.onBusy([...this.wanted.values()].some((wanted) => this.running.has(wanted)));
      });
  }

  private remember(key: string, summary: TraceSummary): void {
    this.cache.set(key, summary);
    if (this.cache.size <= cacheSize) return;
    const [oldest] = this.cache.keys();
    if (oldest !== undefined) this.cache.delete(oldest);
  }
}
