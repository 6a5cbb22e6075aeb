import type { TraceQuery, TraceSums } from "../../shared/trace";
import type { HeatmapHost } from "./host";
import {
  committedQuery,
  mapKey,
  mapScope,
  otherQuery,
  previewQuery,
  queryKey,
  type HeatmapState,
  type ShownSums,
} from "./state";
import type { Store } from "./store";

const cacheSize = 64;

/** Asks for the map and the sums that the state needs, each once; late answers are dropped by the reducer. */
export class SumQueries {
  private readonly cache = new Map<string, TraceSums>();
  private readonly running = new Set<string>();
  private wantedMap = "";
  private wanted: readonly string[] = [];

  constructor(
    private readonly store: Store,
    private readonly host: HeatmapHost,
    /** Called with true while what is shown is late. */
    private readonly onBusy: (busy: boolean) => void,
  ) {
    store.onChange((state) => this.update(state));
  }

  private update(state: HeatmapState): void {
    if (state.trace === null) return;
    const key = mapKey(state);
    if (key !== this.wantedMap) {
      this.wantedMap = key;
      this.fetchMap(state, key);
    }
    const queries = [committedQuery(state), previewQuery(state), otherQuery(state)].filter((query) => query !== null);
    const wanted = state.map?.key === key ? queries.map((query) => sumsKey(key, query)) : [];
    const before = this.wanted;
    this.wanted = wanted;
    wanted.forEach((name, at) => {
      const query = queries[at];
      if (query !== undefined && !before.includes(name)) this.fetch(query, name, state);
    });
    this.tellBusy();
  }

  /** The map comes with the sums that colour it, so that it is never blank. */
  private fetchMap(state: HeatmapState, key: string): void {
    const { trace } = state;
    const query = committedQuery(state);
    if (trace === null || query === null) return;
    const scope = mapScope(state);
    const sums = this.host
      .sums(query, scope, null)
      .then((found) => this.remember(sumsKey(key, query), found))
      .then((found): ShownSums => ({ mapKey: key, query, sums: found }));
    this.run(key, query, async () => {
      const map = await this.host.map(trace.id, scope);
      this.store.dispatch({ type: "map", key, map, committed: await sums });
    });
  }

  private fetch(query: TraceQuery, name: string, state: HeatmapState): void {
    const key = mapKey(state);
    const known = this.cache.get(name);
    if (known !== undefined) {
      this.store.dispatch({ type: "sums", mapKey: key, query, sums: known });
      return;
    }
    const on = query.id === state.trace?.id ? null : (state.trace?.id ?? null);
    this.run(name, query, async () => {
      const sums = await this.host.sums(query, mapScope(state), on);
      this.remember(name, sums);
      this.store.dispatch({ type: "sums", mapKey: key, query, sums });
    });
  }

  private run(name: string, query: TraceQuery, work: () => Promise<void>): void {
    if (this.running.has(name)) return;
    this.running.add(name);
    work()
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.store.dispatch({ type: "problem", query, message });
      })
      .finally(() => {
        this.running.delete(name);
        this.tellBusy();
      });
  }

  private tellBusy(): void {
    this.onBusy([this.wantedMap, ...this.wanted].some((name) => this.running.has(name)));
  }

  private remember(name: string, sums: TraceSums): TraceSums {
    this.cache.set(name, sums);
    const [oldest] = this.cache.keys();
    if (this.cache.size > cacheSize && oldest !== undefined) this.cache.delete(oldest);
    return sums;
  }
}

const sumsKey = (map: string, query: TraceQuery): string => `${map} ${queryKey(query)}`;
