import type { FileTrace, Interval, LineSelection, TraceQuery, TraceSummary } from "../../shared/trace";
import type { Trace } from "./types";

/** Which steps, layers and phase are meant; the id is the trace's. */
export type Selector = Omit<TraceQuery, "id">;

/** Sums over one trace; decodes it once, answers many queries. */
export class TraceIndex {
  readonly trace: Trace;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Sums by file. @throws LongsightError LS-601 for steps or layers that the trace does not have */
  summary(_query: Selector): TraceSummary {
    throw new Error("not built yet");
  }

  /** Tokens of the lines [from, to) (1-based) of a file. @throws LongsightError LS-601 */
  file(_query: Selector & { readonly path: string; readonly lines: Interval }): FileTrace {
    throw new Error("not built yet");
  }

  /** The most lifted lines of all files; lines without a letter or digit are left out. @throws LongsightError LS-601 */
  lines(_query: Selector, _limit: number): LineSelection[] {
    throw new Error("not built yet");
  }
}
