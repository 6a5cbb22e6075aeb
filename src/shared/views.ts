/**
 * What the webviews show and send: one serialisable state per view, and typed messages (vscode-messenger).
 * The extension host owns the state; a view renders it and sends intents.
 */
import type { ErrorValue } from "./errors";
import type { ConversationEntry } from "./conversation";
import type {
  AnswerResult,
  AnswerTimings,
  AskRange,
  Citation,
  EngineStatus,
  Mention,
  ModelEntry,
  PlanResult,
  QuestionForm,
  StopReason,
} from "./protocol";
import type { MentionCandidate } from "./symbols";
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
  readonly selection: AskRange | null;
  readonly form: QuestionForm;
  /** What the question mentions. */
  readonly mentions: readonly Mention[];
  /** `interrupted`: the window or the engine went away before there was an answer. */
  readonly state: "waiting" | "streaming" | "done" | "stopped" | "failed" | "interrupted";
  /** Markdown as the model wrote it; untrusted. */
  readonly text: string;
  readonly tokens: number;
  readonly citations: readonly Citation[];
  readonly asOf: string | null;
  readonly context: AnswerResult["context"] | null;
  /** Earlier turns that had no room in the prompt any more. */
  readonly droppedTurns: number;
  /** Names in code marks that stand nowhere in what was read. */
  readonly unknownNames: readonly string[];
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
  /** The kept conversation that is shown; null while nothing of it is kept. */
  readonly conversation: { readonly id: string; readonly title: string } | null;
  /** The last conversation of this workspace is being fetched. */
  readonly restoring: boolean;
  /** Questions that suit this repository. */
  readonly suggestions: readonly string[];
  /** What to put into the input once, by "Ask About Selection". */
  readonly draft: AskDraft | null;
}

/** Lines of a file that a question is about, with their name for the user. */
export interface AskSelection {
  readonly range: AskRange;
  /** `path:start-end` */
  readonly label: string;
}

/** What the host puts into the input; each serial is taken once. */
export interface AskDraft {
  /** Grows, over reloads of the window too. */
  readonly serial: number;
  /** Null leaves the text that is there. */
  readonly text: string | null;
  /** Label of the selection. */
  readonly about: string | null;
  readonly selection: AskSelection | null;
}

/** A question as the view sends it. */
export interface AskQuestion {
  readonly question: string;
  readonly selection: AskSelection | null;
  readonly mentions: readonly Mention[];
  /** The turn that this question replaces, with all after it. */
  readonly replaces: string | null;
}

/** Lines of a file, as text. */
export interface LinesPreview {
  readonly path: string;
  /** 1-based number of the first line. */
  readonly startLine: number;
  readonly lines: readonly string[];
  /** Lines that are not shown. */
  readonly more: number;
}

export const AskView = {
  ready: notification<Record<string, never>>("ask/ready"),
  state: notification<AskViewState>("ask/state"),
  /** Only the streaming turn changed: `text` is what was added. */
  delta: notification<{ readonly id: string; readonly text: string; readonly tokens: number }>("ask/delta"),
  /** Host → view: show the list of conversations. */
  showHistory: notification<Record<string, never>>("ask/showHistory"),
  ask: notification<AskQuestion>("ask/ask"),
  stop: notification<Record<string, never>>("ask/stop"),
  retry: notification<{ readonly id: string }>("ask/retry"),
  openCitation: notification<{ readonly citation: Citation; readonly toSide: boolean }>("ask/openCitation"),
  openFile: notification<{ readonly uri: string }>("ask/openFile"),
  copy: notification<{ readonly text: string }>("ask/copy"),
  showAttention: notification<{ readonly trace: string }>("ask/showAttention"),
  newConversation: notification<Record<string, never>>("ask/newConversation"),
  command: notification<{ readonly command: AskViewCommand }>("ask/command"),
  downloadModel: notification<{ readonly id: string }>("ask/downloadModel"),
  history: viewRequest<{ readonly query: string }, readonly ConversationEntry[]>("ask/history"),
  openConversation: notification<{ readonly id: string }>("ask/openConversation"),
  renameConversation: viewRequest<{ readonly id: string; readonly title: string }, ConversationEntry>(
    "ask/renameConversation",
  ),
  deleteConversation: viewRequest<{ readonly id: string }, { readonly deleted: number }>("ask/deleteConversation"),
  exportConversation: notification<{ readonly id: string }>("ask/exportConversation"),
  findMentions: viewRequest<{ readonly text: string }, readonly MentionCandidate[]>("ask/findMentions"),
  /** Files and folders of the workspace among URIs that were dropped on the view. */
  dropped: viewRequest<{ readonly uris: readonly string[] }, readonly MentionCandidate[]>("ask/dropped"),
  editorSelection: viewRequest<Record<string, never>, AskSelection | null>("ask/editorSelection"),
  /** Lines that a citation of the conversation names. */
  preview: viewRequest<
    { readonly uri: string; readonly startLine: number; readonly endLine: number },
    LinesPreview | null
  >("ask/preview"),
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
  | "pauseDownload"
  | "pauseReading"
  | "resumeReading"
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
  /** The setting: 0 is as much as fits. */
  readonly budget: number;
  /** True while the context is limited to folders. */
  readonly limited: boolean;
  readonly error: ErrorValue | null;
}

/** What a row of the plan can change. */
export type PlanAction = "pin" | "unpin" | "leaveOut" | "limitToFolder";

export const PlanView = {
  ready: notification<Record<string, never>>("plan/ready"),
  state: notification<PlanViewState>("plan/state"),
  open: notification<{ readonly uri: string }>("plan/open"),
  refresh: notification<Record<string, never>>("plan/refresh"),
  settings: notification<Record<string, never>>("plan/settings"),
  /** Changes the settings for a file or folder of the plan, named by its path there. */
  change: notification<{ readonly action: PlanAction; readonly path: string }>("plan/change"),
  /** Sets the token budget; 0: as much as fits. */
  budget: notification<{ readonly tokens: number }>("plan/budget"),
  allFolders: notification<Record<string, never>>("plan/allFolders"),
} as const;
