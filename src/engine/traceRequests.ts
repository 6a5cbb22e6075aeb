/** Answers to requests about traces: at once, whatever else goes on. */
import {
  CompareTraces,
  GetFileTrace,
  GetSelectingSteps,
  GetStandaloneTrace,
  GetSymbolTrace,
  GetTrace,
  GetTraceMap,
  GetTraceRows,
  GetTraceSums,
  type RequestName,
} from "../shared/protocol";
import { TRACE_FILES } from "../shared/trace";
import type { Pipeline } from "./pipeline";

/** Registers the answer to a request. */
type On = <P, R>(name: RequestName<P, R>, answer: (pipeline: Pipeline, params: P) => Promise<R>) => void;

export function answerTraceRequests(on: On): void {
  on(GetTrace, async (pipeline, query) => (await pipeline.traceIndex(query.id)).summary(query, TRACE_FILES));
  on(GetTraceMap, async (pipeline, scope) => (await pipeline.traceView(scope.id)).map(scope));
  on(GetTraceSums, async (pipeline, { on: other, map, ...query }) => {
    const view = await pipeline.traceView(query.id);
    return view.sumsOn(other === undefined ? view : await pipeline.traceView(other), query, map);
  });
  on(GetTraceRows, async (pipeline, query) => {
    const other = query.other === undefined ? null : await pipeline.traceView(query.other.id);
    return (await pipeline.traceView(query.query.id)).rows(query, other);
  });
  on(CompareTraces, async (pipeline, { first, second }) => {
    const view = await pipeline.traceView(first.id);
    return view.compare(first, await pipeline.traceView(second.id), second);
  });
  on(GetFileTrace, async (pipeline, query) => (await pipeline.traceIndex(query.id)).file(query));
  on(GetSymbolTrace, async (pipeline, query) => (await pipeline.traceView(query.id)).symbolSums(query));
  on(GetSelectingSteps, async (pipeline, query) => (await pipeline.traceIndex(query.id)).selectingSteps(query));
  on(GetStandaloneTrace, (pipeline, { id }) => pipeline.standaloneTrace(id));
}
