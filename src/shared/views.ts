/**
 * What the webviews show and send: one serialisable state per view, and typed messages (vscode-messenger).
 * The extension host owns the state; a view renders it and sends intents.
 */
import type { ErrorValue } from "./errors";
import type { AnswerTimings, Citation, EngineStatus, ModelEntry, PlanResult, StopReason } from "./protocol";
import type {
  FileTrace,
  Interval,
  MapScope,
  RankedRows,
  RankQuery,
  StepSelection,
  TraceComparison,
  TraceMap,
  TraceQuery,
  TraceSummary,
  TraceSums,
} from "./trace";

/** A message type of vscode-messenger: the method name with its parameter type (and result for requests). */
export interface ViewNotification<P> {
  readonly method: string;
  readonly types?: { readonly params: P };
}
export interface ViewRequest<P, R> {
  readonly method: string;
  readonly types?: { readonly params: P; readonly result: R };
}
const notification = <P>(method: string): ViewNotification<P> => ({ method });
const viewRequest = <P, R>(method: string): ViewRequest<P, R> => ({ method });

/** One question with its answer, complete or streaming. */
export interface ConversationTurn {
  readonly id: string;
  readonly question: string;
  /** What the question is about, when it was asked about a selection: `path:start-end`. */
  readonly about: string | null;
  readonly state: "waiting" | "streaming" | "done" | "stopped" | "failed";
  /** Markdown as the model wrote it; untrusted. */
  readonly text: string;
  readonly tokens: number;
  readonly citations: readonly Citation[];
  readonly asOf: string | null;
  readonly context: { readonly files: number; readonly tokens: number } | null;
  readonly timings: AnswerTimings | null;
  readonly trace: string | null;
  readonly stopReason: StopReason | null;
  readonly lookedAt: readonly { readonly path: string; readonly uri: string; readonly lift: number }[];
  readonly attention: string | null;
  readonly error: ErrorValue | null;
  /** Paths of cited files that were edited after `asOf`. */
  readonly changed: readonly string[];
}

/** All that the Ask view shows. */
export interface AskViewState {
  readonly workspace: string | null;
  readonly trusted: boolean;
  readonly status: EngineStatus;
  readonly models: readonly ModelEntry[];
  readonly turns: readonly ConversationTurn[];
  /** Text to put into the input once, by "Ask About Selection" or a kept question. */
  readonly draft: { readonly serial: number; readonly text: string; readonly about: string | null } | null;
}

export const AskView = {
  ready: notification<Record<string, never>>("ask/ready"),
  state: notification<AskViewState>("ask/state"),
  /** Only the streaming turn changed: `text` is what was added. */
  delta: notification<{ readonly id: string; readonly text: string; readonly tokens: number }>("ask/delta"),
  ask: notification<{ readonly question: string }>("ask/ask"),
  stop: notification<Record<string, never>>("ask/stop"),
  retry: notification<{ readonly id: string }>("ask/retry"),
  openCitation: notification<{ readonly citation: Citation; readonly toSide: boolean }>("ask/openCitation"),
  openFile: notification<{ readonly uri: string }>("ask/openFile"),
  copy: notification<{ readonly text: string }>("ask/copy"),
  showAttention: notification<{ readonly trace: string }>("ask/showAttention"),
  newConversation: notification<Record<string, never>>("ask/newConversation"),
  command: notification<{ readonly command: AskViewCommand }>("ask/command"),
  downloadModel: notification<{ readonly id: string }>("ask/downloadModel"),
  clearSelection: notification<Record<string, never>>("ask/clearSelection"),
} as const;

/** Commands that the Ask view may start; a closed list, since a webview is not trusted with more. */
export type AskViewCommand =
  | "readWorkspace"
  | "chooseModel"
  | "locateModel"
  | "showContextPlan"
  | "openLog"
  | "restartEngine"
  | "manageTrust"
  | "cancelReading"
  | "openFolder"
  | "addSelection"
  | "smallerContext";

/** All that the Heatmap panel shows; it asks for details itself. */
export interface HeatmapViewState {
  readonly kind: "empty" | "loading" | "trace" | "failed";
  readonly summary: TraceSummary | null;
  /** The answer that `summary` is compared with. */
  readonly other: TraceSummary | null;
  /** True while the next answer that is shown becomes `other`. */
  readonly comparing: boolean;
  readonly error: ErrorValue | null;
}

/** What a heatmap can be saved as. The page makes pictures, the host the rest. */
export type ExportFormat = "png" | "svg" | "html" | "json";

export const HeatmapView = {
  ready: notification<Record<string, never>>("heatmap/ready"),
  state: notification<HeatmapViewState>("heatmap/state"),
  map: viewRequest<MapScope & { readonly id: string }, TraceMap>("heatmap/map"),
  sums: viewRequest<TraceQuery & { readonly map: MapScope; readonly on?: string }, TraceSums>("heatmap/sums"),
  rows: viewRequest<RankQuery, RankedRows>("heatmap/rows"),
  compareAnswers: viewRequest<{ readonly first: TraceQuery; readonly second: TraceQuery }, TraceComparison>(
    "heatmap/compareAnswers",
  ),
  file: viewRequest<TraceQuery & { readonly path: string; readonly lines: Interval }, FileTrace>("heatmap/file"),
  selectingSteps: viewRequest<
    TraceQuery & { readonly path: string; readonly lines: Interval },
    readonly StepSelection[]
  >("heatmap/selectingSteps"),
  open: notification<{ readonly path: string; readonly line: number }>("heatmap/open"),
  /** Pins the shown answer as A, or ends the comparison. */
  compare: notification<{ readonly on: boolean }>("heatmap/compare"),
  swap: notification<Record<string, never>>("heatmap/swap"),
  /** Saves the heatmap. `content`: base64 of a PNG or text of an SVG that the page has drawn, else null. */
  export: notification<{ readonly format: ExportFormat; readonly content: string | null }>("heatmap/export"),
} as const;

/** All that the plan panel shows. */
export interface PlanViewState {
  readonly kind: "loading" | "plan" | "failed";
  readonly workspace: string | null;
  readonly plan: PlanResult | null;
  readonly error: ErrorValue | null;
}

export const PlanView = {
  ready: notification<Record<string, never>>("plan/ready"),
  state: notification<PlanViewState>("plan/state"),
  open: notification<{ readonly uri: string }>("plan/open"),
  refresh: notification<Record<string, never>>("plan/refresh"),
  settings: notification<Record<string, never>>("plan/settings"),
} as const;
