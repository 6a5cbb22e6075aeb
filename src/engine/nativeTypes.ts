/** Values that cross the border between the engine and our addon, and the addon's raw interface. */

declare const modelBrand: unique symbol;

/** A loaded model as our addon takes it: node-llama-cpp's own wrapper object. Made only by model/llama.ts. */
export type ModelHandle = object & { readonly [modelBrand]: true };

/** What is told apart when a native call fails. */
export type NativeErrorCode =
  | "BAD_ARGUMENT" // a value that the call cannot work with
  | "BAD_MODEL" // not a loaded model, or one that was disposed
  | "BAD_FILE" // snapshot, segment or projections: missing, truncated, altered or of another model, build or key
  | "RPC_LOST" // an RPC server does not answer any more
  | "UNSUPPORTED" // this architecture runs dense
  | "NO_MEMORY"
  | "FULL" // the context has no room for the tokens
  | "NO_LOGITS" // nothing was prefilled since the last change of the cache
  | "BUSY" // another call on this context is running
  | "DISPOSED"
  | "ABORTED"
  | "FAILED"; // everything else, see the message

/** A failed native call. Not for users as it is: callers turn it into a LongsightError or handle it. */
export class NativeError extends Error {
  readonly code: NativeErrorCode;
  /** Bytes, for NO_MEMORY where they are known. */
  readonly memory: { readonly needed: number; readonly free: number } | null;

  constructor(code: NativeErrorCode, message: string, memory: NativeError["memory"] = null) {
    super(message);
    this.name = "NativeError";
    this.code = code;
    this.memory = memory;
  }
}

/** A device that ggml can compute on. */
export interface Device {
  /** ggml's name, such as `CPU` or `CUDA0`. */
  readonly name: string;
  readonly description: string;
  readonly type: "cpu" | "gpu" | "igpu" | "accelerator" | "other";
  /** Name of its backend, such as `CPU` or `CUDA`. */
  readonly backend: string;
  /** Bytes. */
  readonly memoryFree: number;
  /** Bytes. */
  readonly memoryTotal: number;
}

/** Element type of K and V, and of the compressed keys. */
export type CacheType = "f16" | "q8_0";

/** At which distance the tokens of I and M_k are seen; see docs/esa.md. */
export type FarPositions = "far" | "ordered" | "true";

/** From where queries are compared with the middle: without rotation (paper), or from `nLocal` away as attention sees it. */
export type Scoring = "content" | "far";

/** How the heads of a layer vote on one selection. */
export type Vote = "sum" | "norm";

/** Parameters of selective attention; the symbols are those of the paper (arXiv 2502.14477). */
export interface EsaOptions {
  /** `|I|`: tokens at the start of the context that are always attended. */
  readonly nInit: number;
  /** `|L|`: tokens before the current chunk that are always attended. */
  readonly nLocal: number;
  /** `k`: tokens selected from the middle, per layer and step. */
  readonly nTop: number;
  /** `ε`: a token inherits the best score within this distance. Default 1. */
  readonly proximity?: number;
  /** Layers after one another that use one selection. Default 1: each its own. */
  readonly nShare?: number;
  /** Layers at the start of the model with dense attention. Default 0. */
  readonly nDense?: number;
  /** On the CPU a single token looks at a middle of at least this many tokens in two steps; 0: never. Default 16,384. */
  readonly nSketch?: number;
  /** Default f16. */
  readonly typeKc?: CacheType;
  /** Default far: all at the constant distance of the paper. */
  readonly positions?: FarPositions;
  /** Default far. */
  readonly scoring?: Scoring;
  /** Path of the GGUF that `calibrate` wrote, for the same `nLocal` and `scoring`; null scores at full width. */
  readonly projections: string | null;
  /** Only stock ggml operations. Default false. */
  readonly portable?: boolean;
  /** K and V in main memory, all else on the GPU; an error where the GPU cannot read them there. Default false. */
  readonly kvHost?: boolean;
  /** Keep the selection of every step readable. Default true. */
  readonly trace?: boolean;
}

export interface ContextOptions {
  /** Cells of the KV cache, in tokens. */
  readonly contextSize: number;
  /** Tokens per prefill chunk (the paper's `c`). Default 512. */
  readonly batchSize?: number;
  /** CPU threads. Default: all cores that are useful for math. */
  readonly threads?: number;
  /** null: dense attention, as in stock llama.cpp. */
  readonly esa: EsaOptions | null;
  /** Default f16. */
  readonly kvType?: CacheType;
  /** Keep K and V on the GPU. Default true. */
  readonly offloadKv?: boolean;
  /** Default true. */
  readonly flashAttention?: boolean;
}

export interface PrefillOptions {
  readonly signal?: AbortSignal;
  /** Collect the selection of the last chunk. Default false. */
  readonly trace?: boolean;
  /** Collect the selection of every chunk. Default false. */
  readonly traces?: boolean;
  /** Called after each chunk with the tokens done and the tokens asked for. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface PrefillResult {
  /** Tokens that are now in the cache; they stay there after an abort. */
  readonly done: number;
  readonly aborted: boolean;
  /** Selection of the last chunk, for `decodeSelection`; null when not asked for, or dense. */
  readonly trace: Uint8Array | null;
  /**
   * Selection of every chunk that was finished, in order, for `decodeSelection`: chunk `i` begins `i * batchSize` tokens behind what was
   * there. Empty when not asked for, or dense.
   */
  readonly traces: readonly Uint8Array[];
}

export interface GenerateOptions {
  readonly maxTokens: number;
  /** 0: always the most probable token. Default 0. */
  readonly temperature?: number;
  /** Default 1: off. */
  readonly topP?: number;
  /** Default 0: off. */
  readonly minP?: number;
  /** Same seed, same context, same machine: same tokens. Default 0. */
  readonly seed?: number;
  /** Tokens that end the answer, besides the model's own end-of-generation tokens. */
  readonly stopTokens?: readonly number[];
  /** Deliver the selection of every step. Default false. */
  readonly trace?: boolean;
  readonly signal?: AbortSignal;
}

/** One token of an answer. */
export interface GeneratedToken {
  readonly token: number;
  /**
   * Selection of the step that computed this token's probabilities (for the first token: of the last prefill chunk), for
   * `decodeSelection`; null when not asked for, or dense.
   */
  readonly trace: Uint8Array | null;
}

/** Why an answer ended: the model said so, a stop token, `maxTokens`, no room in the context, or the signal. */
export type FinishReason = "end" | "stop" | "length" | "full" | "abort";

export interface GenerateResult {
  readonly finish: FinishReason;
  /** The token that ended the answer for `end` and `stop`; it is neither delivered nor in the cache. */
  readonly endToken: number | null;
}

/** Bytes that a context takes, by purpose. */
export interface ContextMemory {
  /** K and V. */
  readonly cache: number;
  /** Compressed keys and workspaces of ESA. */
  readonly selection: number;
  /** Buffers for intermediate results. */
  readonly compute: number;
  readonly total: number;
}

export interface CalibrateOptions {
  /** Ordinary text, each piece within the trained context. */
  readonly tokens: readonly Int32Array[];
  /** `d'`: width of the compressed queries and keys. */
  readonly nProj: number;
  readonly vote: Vote;
  /** `|L|` of the contexts that will use them: the distance that queries are seen from. */
  readonly nLocal: number;
  /** Default far. */
  readonly scoring?: Scoring;
  readonly threads?: number;
  /** Where the projections go, as GGUF, written beside and renamed. */
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Pieces of text read, then layers solved. */
  readonly onProgress?: (stage: "read" | "solve", done: number, total: number) => void;
}

/** The addon's EsaContext class; every promise rejects with an Error that carries a `code`. */
export interface RawContext {
  readonly length: number;
  readonly contextSize: number;
  readonly esaEnabled: boolean;
  readonly layers: number;
  readonly supportsSegments: boolean;
  memory(): ContextMemory;
  prefill(
    tokens: Int32Array,
    trace: boolean,
    traces: boolean,
    onProgress: (done: number, total: number) => void,
  ): Promise<Omit<PrefillResult, "trace">>;
  generate(
    options: Readonly<Record<string, unknown>>,
    onTokens: (tokens: Int32Array, traces: readonly (Uint8Array | null)[]) => void,
  ): Promise<GenerateResult>;
  abort(): void;
  trace(layer: number): Int32Array;
  logits(): Float32Array;
  remove(from: number, to: number): Promise<void>;
  snapshotSave(path: string, key: string, tokens: Int32Array): Promise<void>;
  snapshotLoad(path: string, key: string): Promise<Int32Array>;
  setMust(ranges: Int32Array): void;
  segmentSave(path: string, key: string, from: number, tokens: Int32Array): Promise<void>;
  segmentLoad(path: string, key: string): Promise<Int32Array>;
  segmentCopy(source: RawContext, from: number, count: number): Promise<void>;
  benchFill(count: number): Promise<void>;
  dispose(): Promise<void>;
}

/** What `longsight-esa.node` exports. */
export interface RawAddon {
  version(): string;
  buildId(): string;
  loadBackends(dir: string): void;
  countModelLoads(change: 1 | -1): void;
  devices(): Device[];
  addRpcServer(server: string): void;
  /** The callback gets ggml's message, at most once; threads that wait for the server never end. */
  onRpcLost(callback: (message: string) => void): void;
  /** Ends the process without waiting for its threads. */
  exitNow(code: number): never;
  unsupportedReason(model: ModelHandle): string | null;
  createContext(model: ModelHandle, options: Readonly<Record<string, unknown>>): Promise<RawContext>;
  snapshotPeek(path: string, key: string): Promise<Int32Array>;
  segmentPeek(path: string, key: string): Promise<Int32Array>;
  calibrate(
    model: ModelHandle,
    options: Readonly<Record<string, unknown>>,
    onProgress: (stage: "read" | "solve", done: number, total: number) => void,
  ): { readonly done: Promise<void>; readonly abort: () => void };
  /** Makes every running call end after at most one step. */
  shutdown(): void;
}
