import type { TraceView } from "../../src/engine/trace/view";
import type { FileTrace, Interval, MapScope, RankQuery, TraceQuery } from "../../src/shared/trace";

/** A message of the panel; those with an id want an answer. */
export interface HeatmapCall {
  readonly id?: string;
  readonly method: string;
  readonly params: unknown;
}

type LinesOf = TraceQuery & { readonly path: string; readonly lines: Interval };

/** What the engine answers to a request of the panel. */
export async function answerCall(views: ReadonlyMap<string, TraceView>, call: HeatmapCall): Promise<unknown> {
  const view = (id: string): TraceView => {
    const found = views.get(id);
    if (found === undefined) throw new Error(`no trace ${id}`);
    return found;
  };
  switch (call.method) {
    case "heatmap/map": {
      const scope = call.params as MapScope & { readonly id: string };
      return view(scope.id).map(scope);
    }
    case "heatmap/sums": {
      const { map, on, ...query } = call.params as TraceQuery & { readonly map: MapScope; readonly on?: string };
      return view(query.id).sumsOn(view(on ?? query.id), query, map);
    }
    case "heatmap/rows": {
      const query = call.params as RankQuery;
      return view(query.query.id).rows(query, query.other === undefined ? null : view(query.other.id));
    }
    case "heatmap/file": {
      const query = call.params as LinesOf;
      return view(query.id).index.file(query) satisfies FileTrace;
    }
    case "heatmap/selectingSteps": {
      const query = call.params as LinesOf;
      return view(query.id).index.selectingSteps(query);
    }
    case "heatmap/compareAnswers": {
      const { first, second } = call.params as { readonly first: TraceQuery; readonly second: TraceQuery };
      return view(first.id).compare(first, view(second.id), second);
    }
    default:
      throw new Error(`no answer to ${call.method}`);
  }
}
