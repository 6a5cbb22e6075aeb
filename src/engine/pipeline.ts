import type {
  AnswerResult,
  AskParams,
  EngineSettings,
  EngineStatus,
  EsaVote,
  ModelEntry,
  PlanResult,
  ReadResult,
} from "../shared/protocol";
import type { FileTrace, Interval, LineSelection, TraceQuery, TraceSummary } from "../shared/trace";
import type { Log } from "./log";
import type { Operation } from "./progress";
import type { WorkspaceRoot } from "./workspace/types";

export type { Operation } from "./progress";

export interface PipelineOptions {
  readonly roots: readonly WorkspaceRoot[];
  readonly settings: EngineSettings;
  readonly log: Log;
  /** Called at each change of the status; the value is complete. */
  readonly onStatus?: (status: EngineStatus) => void;
}

export interface ReadOptions extends Operation {
  /** Ignore the stored snapshot and read everything anew. */
  readonly rebuild?: boolean;
}

export interface AskOptions extends Operation {
  /** A piece of the answer with the number of tokens so far. */
  readonly onDelta?: (text: string, tokens: number) => void;
}

export interface CalibrateResult {
  /** The projections, as GGUF. */
  readonly path: string;
  readonly model: string;
  /** Width d' of the compressed keys. */
  readonly projection: number;
  readonly vote: EsaVote;
  /** Tokens of text that it was computed from. */
  readonly tokens: number;
  readonly seconds: number;
}

/**
 * Composes the stages: files → snapshot → packed context → tokens → KV cache → answer with citations and trace. Calls
 * that need the model wait for each other, in the order they were made.
 */
export class Pipeline {
  constructor(options: PipelineOptions) {
    void options;
  }

  /** What goes into the context and what does not, without loading the model's weights. @throws LongsightError LS-1xx, LS-401 */
  plan(_options: Operation = {}): Promise<PlanResult> {
    return notYet();
  }

  /** Walks, plans, packs, restores or prefills, saves the snapshot. @throws LongsightError */
  read(_options: ReadOptions = {}): Promise<ReadResult> {
    return notYet();
  }

  /** Answers a question; reads first when needed. @throws LongsightError */
  ask(_params: AskParams, _options: AskOptions = {}): Promise<AnswerResult> {
    return notYet();
  }

  /** Sums of a stored trace. @throws LongsightError LS-404 */
  trace(_query: TraceQuery): Promise<TraceSummary> {
    return notYet();
  }

  /** One file of a stored trace; `lines` is half-open and 1-based. @throws LongsightError LS-404 */
  fileTrace(_query: TraceQuery & { readonly path: string; readonly lines: Interval }): Promise<FileTrace> {
    return notYet();
  }

  /** The `limit` most lifted lines of a stored trace. @throws LongsightError LS-404 */
  traceLines(_query: TraceQuery, _limit: number): Promise<readonly LineSelection[]> {
    return notYet();
  }

  /** Id of the newest stored trace of this workspace, or null. */
  latestTrace(): Promise<string | null> {
    return notYet();
  }

  models(): Promise<readonly ModelEntry[]> {
    return notYet();
  }

  /** Downloads a model of the catalogue. @throws LongsightError LS-301, LS-304, LS-305 */
  downloadModel(_id: string, _options: Operation = {}): Promise<{ readonly path: string }> {
    return notYet();
  }

  /** Computes the projections of the chosen model from the workspace's text, even when there are some. @throws LongsightError */
  calibrate(_options: Operation = {}): Promise<CalibrateResult> {
    return notYet();
  }

  /** Text of an unsaved buffer; null when it was saved or closed. */
  setOverlay(_uri: string, _text: string | null): void {}

  /** Says that files changed, appeared or vanished. */
  invalidate(_uris: readonly string[]): void {}

  updateSettings(_settings: EngineSettings): Promise<void> {
    return notYet();
  }

  /** Removes snapshots, token caches, projections and traces; models stay. */
  clearCaches(): Promise<{ readonly freedBytes: number }> {
    return notYet();
  }

  /** Stops native work within one step and frees everything. May be called again. */
  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

function notYet(): Promise<never> {
  return Promise.reject(new Error("not wired yet"));
}
