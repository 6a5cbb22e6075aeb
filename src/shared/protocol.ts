/**
 * Requests and notifications between the engine and its clients (extension host, command line), over LSP.
 * Values only: nothing here imports an editor or a runtime. docs/protocol.md describes each message.
 */
import type { ConversationEntry, KeptConversation } from "./conversation";
import type { ErrorValue } from "./errors";
import type { CodeSymbol, MentionCandidate } from "./symbols";
import type { Interval } from "./trace";

export * from "./fileMessages";

/** A request's name with its parameter and result types. */
export interface RequestName<P, R> {
  readonly method: string;
  readonly types?: { readonly params: P; readonly result: R };
}

/** A notification's name with its parameter type. */
export interface NotificationName<P> {
  readonly method: string;
  readonly types?: { readonly params: P };
}

const request = <P, R>(method: string): RequestName<P, R> => ({ method });
const notification = <P>(method: string): NotificationName<P> => ({ method });

export type Backend = "auto" | "cpu" | "cuda" | "vulkan" | "metal";
export type KvPlacement = "auto" | "device" | "host";
/** How files are read: each by itself behind the instructions, or from left to right, each knowing those before it. */
export type Reading = "perFile" | "contextual";
/** When the workspace is read without being asked to. */
export type BackgroundReading = "always" | "onMains" | "never";
export type EsaPositions = "far" | "ordered" | "true";
export type EsaVote = "sum" | "norm";

/** Parameters of the selective attention; see docs/esa.md. */
export interface EsaSettings {
  readonly initial: number;
  readonly local: number;
  readonly top: number;
  readonly proximity: number;
  /** Width d' of the compressed keys. */
  readonly projection: number;
  readonly vote: EsaVote;
  readonly positions: EsaPositions;
}

/** Everything the engine is told by its client; sent as initializationOptions and with didChangeConfiguration. */
export interface EngineSettings {
  /** Folder for models, projections, snapshots, traces and logs. */
  readonly dataDir: string;
  /** Catalogue id or path of a GGUF file; empty: the best one that is on this machine. */
  readonly model: string;
  /** Token budget of the packed context; 0: as much as fits. */
  readonly budget: number;
  readonly backend: Backend;
  /** `host:port` of RPC servers whose devices take the layers; empty: none. */
  readonly rpcServers: readonly string[];
  /** Where keys and values of the context are kept; auto: on the device. */
  readonly kvPlacement: KvPlacement;
  /** 0: all physical cores. */
  readonly threads: number;
  readonly maxFileBytes: number;
  /** Glob patterns left out besides the ignore files. */
  readonly exclude: readonly string[];
  /** More of them, by the URI of the workspace folder that they hold in. */
  readonly excludeIn?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Glob patterns that go into the context before all else. */
  readonly pinned: readonly string[];
  /** Folders that the context is limited to, relative to their root; empty: all. */
  readonly scope: readonly string[];
  /** Files for which there is no room go in as outlines: their declarations. */
  readonly outlines: boolean;
  readonly reading: Reading;
  readonly backgroundReading: BackgroundReading;
  /** Spans that the question selected are read again, right before the answer. */
  readonly focus: boolean;
  readonly maxAnswerTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number;
  readonly esa: EsaSettings;
}

/** Progress of long work: `done` of `total` `unit`, `rate` units per second, `eta` seconds left. */
export interface Progress {
  readonly stage: "walk" | "tokenize" | "load" | "calibrate" | "restore" | "prefill" | "save" | "download";
  readonly done: number;
  readonly total: number;
  readonly unit: "files" | "bytes" | "tokens" | "layers";
  /** Units per second; 0 until known. */
  readonly rate: number;
  /** Seconds left; null until known. */
  readonly eta: number | null;
}

export interface PlannedFile {
  readonly path: string;
  readonly uri: string;
  readonly bytes: number;
  /** Tokens in the context; an estimate while `estimated`. */
  readonly tokens: number;
  readonly estimated: boolean;
  readonly included: boolean;
  /** Only its declarations are in. Absent: the whole file. */
  readonly outline?: boolean;
  /** Matched by a pinned pattern. */
  readonly pinned?: boolean;
  /** Why it is in or left out, as a short phrase. */
  readonly reason: string;
  /** Files in a folder that is left out as a whole, whose path ends with `/`. Absent: one file. */
  readonly files?: number;
}

/** What a larger budget would bring. */
export interface PlanGain {
  /** Tokens more. */
  readonly tokens: number;
  readonly files: number;
  /** Bytes of keys, values and compressed keys that it costs; 0 while no model is known. */
  readonly memoryBytes: number;
}

export interface PlanResult {
  readonly budget: number;
  readonly budgetReason: string;
  /** Tokens of the whole context: files, instructions and map. */
  readonly used: number;
  readonly included: { readonly files: number; readonly tokens: number };
  readonly leftOut: { readonly files: number; readonly tokens: number };
  readonly files: readonly PlannedFile[];
  /** Bytes of keys, values and compressed keys at this budget; 0 while no model is known. */
  readonly memoryBytes: number;
  /** What 64 k tokens more would bring; null when everything is in. */
  readonly gain?: PlanGain | null;
  readonly model: string | null;
}

export interface ReadResult {
  readonly tokens: number;
  readonly prefilled: number;
  readonly reused: number;
  readonly seconds: number;
  readonly snapshotBytes: number;
}

export interface Citation {
  /** As in the plan. */
  readonly path: string;
  readonly uri: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  /**
   * `written`: the answer names path and line. `named`: the answer names the file or a symbol; the lines are where that
   * symbol stands. `selected`: the answer names nothing; these lines were selected most while it was written.
   */
  readonly origin: "written" | "named" | "selected";
  /** Where the answer mentions it, as UTF-16 offsets into the answer's text; null for `selected`. */
  readonly mention: Interval | null;
}

export interface AnswerTimings {
  /** Seconds. */
  readonly load: number;
  readonly prefill: number;
  readonly firstToken: number;
  readonly decode: number;
  readonly prefilledTokens: number;
  readonly reusedTokens: number;
  readonly generatedTokens: number;
}

/** The lines a question is about: they are added to the question's frame. */
export interface AskRange {
  readonly uri: string;
  readonly startLine: number;
  readonly endLine: number;
}

/** A file, or lines of one, that every step of the answer must be able to see. */
export interface Mention {
  readonly uri: string;
  /** 1-based, inclusive; without lines the whole file. */
  readonly startLine?: number;
  readonly endLine?: number;
  /** As the user wrote it, for the question's text: `@src/a.ts`, `@Parser.parse`. */
  readonly label: string;
}

/** Forms of a question that have instructions of their own. */
export type QuestionForm = "ask" | "explain" | "whereIs" | "whoUses" | "why";

export interface AskParams {
  /** Chosen by the client; deltas carry it. */
  readonly askId: string;
  readonly question: string;
  readonly selection?: AskRange;
  readonly mentions?: readonly Mention[];
  /** Default `ask`. */
  readonly form?: QuestionForm;
  /** The conversation that this question goes on with; absent: a new one, unless `keep` is false. */
  readonly conversation?: string;
  /** False: nothing is kept of question and answer but the trace. Default true. */
  readonly keep?: boolean;
}

export type StopReason = "end" | "length" | "stopped";

export interface AnswerResult {
  readonly text: string;
  readonly citations: readonly Citation[];
  /** ISO 8601 time of the snapshot that the answer saw. */
  readonly asOf: string;
  readonly context: {
    readonly files: number;
    readonly tokens: number;
    /** Files and tokens that the plan wants; more than the above when the question came before all was read. */
    readonly plannedFiles?: number;
    readonly plannedTokens?: number;
  };
  /** The conversation that it was kept in, with its place there; null when it was not kept. */
  readonly conversation?: { readonly id: string; readonly turn: number } | null;
  /** Earlier turns of the conversation that had no room any more. */
  readonly droppedTurns?: number;
  /** Names in code marks that stand nowhere in what was read. */
  readonly unknownNames?: readonly string[];
  /** Spans that the focus pass read again. */
  readonly focus?: readonly AskRange[];
  readonly timings: AnswerTimings;
  /** Trace id. */
  readonly trace: string;
  readonly stopReason: StopReason;
  /** The five files whose selection stands out most from chance. */
  readonly lookedAt: readonly { readonly path: string; readonly uri: string; readonly lift: number }[];
  /** "esa", or why the model runs dense. */
  readonly attention: string;
  /** Catalogue id or path of the model that answered. */
  readonly model?: string;
}

export interface ModelEntry {
  readonly id: string;
  readonly name: string;
  readonly license: string;
  readonly parameters: string;
  readonly quantization: string;
  readonly sizeBytes: number;
  readonly trainedContext: number;
  readonly kvBytesPerToken: number;
  readonly sha256: string | null;
  readonly source: string;
  /** Path when it is on this machine. */
  readonly path: string | null;
  /** A download of it stopped before its end, and can go on. */
  readonly interrupted?: boolean;
  readonly fits: boolean;
  readonly recommended: boolean;
  /** Why it is recommended or does not fit. */
  readonly note: string;
}

export type EngineState = "idle" | "noModel" | "planning" | "loading" | "reading" | "ready" | "answering" | "failed";

/** One value that says how the engine is; feeds the status bar and the Ask view. */
export interface EngineStatus {
  readonly state: EngineState;
  readonly model: string | null;
  readonly backend: string | null;
  readonly progress: Progress | null;
  /** True while background reading is held back by the user. */
  readonly paused?: boolean;
  /** What is in the context now; null before the first plan. */
  readonly context: {
    readonly files: number;
    readonly totalFiles: number;
    readonly tokens: number;
    readonly readTokens: number;
    readonly budget: number;
    readonly asOf: string;
  } | null;
  readonly error: ErrorValue | null;
}

export const Plan = request<Record<string, never>, PlanResult>("longsight/plan");
/** Walk, plan, pack, prefill; `rebuild` ignores the stored snapshot. */
export const Read = request<{ readonly rebuild: boolean }, ReadResult>("longsight/read");
export const Ask = request<AskParams, AnswerResult>("longsight/ask");
export const ListModels = request<Record<string, never>, readonly ModelEntry[]>("longsight/models");
export const DownloadModel = request<{ readonly id: string }, { readonly path: string }>("longsight/downloadModel");
/** Removes a downloaded model, or what an interrupted download has left. */
export const DeleteModel = request<{ readonly id: string }, { readonly freedBytes: number }>("longsight/deleteModel");
/** Holds reading in the background back, or lets it go on; a read that was asked for goes on anyway. */
export const Pause = request<{ readonly paused: boolean }, Record<string, never>>("longsight/pause");
/** Conversations of this workspace, newest first; `query`: only those that contain it. */
export const ListConversations = request<{ readonly query?: string }, readonly ConversationEntry[]>(
  "longsight/conversations",
);
export const GetConversation = request<{ readonly id: string }, KeptConversation>("longsight/conversation");
export const RenameConversation = request<{ readonly id: string; readonly title: string }, ConversationEntry>(
  "longsight/renameConversation",
);
/** Without id: all of this workspace. */
export const DeleteConversation = request<{ readonly id?: string }, { readonly deleted: number }>(
  "longsight/deleteConversation",
);
/** Keeps the first `turns` turns, so that a question can be asked again in another way. */
export const CutConversation = request<{ readonly id: string; readonly turns: number }, ConversationEntry>(
  "longsight/cutConversation",
);
export const ExportConversation = request<{ readonly id: string }, { readonly markdown: string }>(
  "longsight/exportConversation",
);
/** Files, folders and symbols whose name begins with, or contains, `text`; best first. */
export const FindMentions = request<{ readonly text: string; readonly limit: number }, readonly MentionCandidate[]>(
  "longsight/findMentions",
);
/** Questions that suit this repository, without the model. */
export const SuggestQuestions = request<Record<string, never>, readonly string[]>("longsight/suggestQuestions");
/** Declarations of a document of the workspace, in the order of lines. */
export const GetSymbols = request<{ readonly uri: string }, readonly CodeSymbol[]>("longsight/symbols");
export * from "./traceProtocol";
export const ClearCaches = request<Record<string, never>, { readonly freedBytes: number }>("longsight/clearCaches");

/** Engine → client: a piece of the answer. */
export const Delta = notification<{ readonly askId: string; readonly text: string; readonly tokens: number }>(
  "longsight/delta",
);
/** Engine → client: the status changed. */
export const Status = notification<EngineStatus>("longsight/status");

/** Error code of JSON-RPC responses whose `data` is an ErrorValue. */
export const USER_ERROR_CODE = -32050;
