/** Requests about what was selected while an answer was written. Part of `protocol.ts`, which exports them all. */
import type { RequestName } from "./protocol";
import type {
  FileTrace,
  Interval,
  MapScope,
  RankedRows,
  RankQuery,
  StandaloneTrace,
  StepSelection,
  SymbolSelection,
  TraceComparison,
  TraceMap,
  TraceQuery,
  TraceSummary,
  TraceSums,
} from "./trace";

const request = <P, R>(method: string): RequestName<P, R> => ({ method });

/** Facts of an answer and sums of its most selected files. */
export const GetTrace = request<TraceQuery, TraceSummary>("longsight/trace");
export const GetFileTrace = request<TraceQuery & { readonly path: string; readonly lines: Interval }, FileTrace>(
  "longsight/fileTrace",
);
/** Regions of the heatmap's map; they do not depend on what was selected. */
export const GetTraceMap = request<MapScope & { readonly id: string }, TraceMap>("longsight/traceMap");
/** Sums over the regions of a map, in its order. `on`: the map of that trace, default the query's. */
export const GetTraceSums = request<TraceQuery & { readonly map: MapScope; readonly on?: string }, TraceSums>(
  "longsight/traceSums",
);
/** Rows of the ranked table. */
export const GetTraceRows = request<RankQuery, RankedRows>("longsight/traceRows");
/** What two answers, or two parts of one, have in common. */
export const CompareTraces = request<{ readonly first: TraceQuery; readonly second: TraceQuery }, TraceComparison>(
  "longsight/compareTraces",
);
/** A trace as a self-contained page needs it: some megabytes at most. */
export const GetStandaloneTrace = request<{ readonly id: string }, StandaloneTrace>("longsight/standaloneTrace");
/** The steps that selected tokens of the lines [from, to) (1-based) of a file, in their order. */
export const GetSelectingSteps = request<
  TraceQuery & { readonly path: string; readonly lines: Interval },
  readonly StepSelection[]
>("longsight/selectingSteps");
/** Selection sums of the declarations of one file. */
export const GetSymbolTrace = request<TraceQuery & { readonly path: string }, readonly SymbolSelection[]>(
  "longsight/symbolTrace",
);
