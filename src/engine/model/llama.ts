/** node-llama-cpp on exactly our build, and the models that it loads. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Llama, LlamaModel, LlamaModelOptions } from "node-llama-cpp";
import { LongsightError, userErrors } from "../../shared/errors";
import type { Backend } from "../../shared/protocol";
import type { Tokenizer } from "../context/types";
import type { Log } from "../log";
import { type Device, loadNative, type ModelHandle, type Native } from "../native";
import { type ChatFrame, chatFrame } from "./chatFrame";
import { type GgufFacts, readGgufFacts } from "./gguf";
import { checkRpcServer } from "./rpcServers";

/** Begins the system information of our libllama; see native/patches/0900-system-info-mark.patch. */
const BUILD_MARK = "LONGSIGHT | ";

export interface LoadLlamaOptions {
  /** `auto`: the GPU of this build when it can be used, else the CPU. */
  readonly gpu: Backend;
  /** `host:port` of servers that take the layers, together with this machine's GPU if it is used. */
  readonly rpcServers?: readonly string[];
  /** Gets what llama.cpp says, from warnings on. */
  readonly log?: Log;
}

export interface LoadModelOptions {
  /** Layers on the GPU. Default `auto`: as many as fit. */
  readonly gpuLayers?: "auto" | "max" | number;
  readonly signal?: AbortSignal;
  /** Share that is loaded, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** What is known about a loaded model. */
export interface ModelFacts extends GgufFacts {
  /** Bytes that the model's weights take. */
  readonly bytes: number;
  /** Bytes of K and V per token in f16, all layers. */
  readonly kvBytesPerToken: number;
  /** Tokens in the vocabulary. */
  readonly vocabulary: number;
  /** llama.cpp's short description, such as `qwen2 0.5B Q4_K - Medium`. */
  readonly description: string;
  /** null, or why this model runs dense. */
  readonly denseReason: string | null;
}

let running: { readonly gpu: Backend; readonly servers: string; readonly runtime: Promise<LlamaRuntime> } | undefined;

/**
 * Starts llama.cpp, once per process: backends cannot be unloaded.
 * @throws LongsightError LS-202 no native build, LS-203 the backend asked for cannot be used, LS-204 an RPC server
 */
export function loadLlama(options: LoadLlamaOptions): Promise<LlamaRuntime> {
  if (running !== undefined && running.gpu !== options.gpu) {
    throw userErrors.backendUnavailable(
      options.gpu,
      `this process already runs with '${running.gpu}'; restart the engine.`,
    );
  }
  const servers = (options.rpcServers ?? []).join(", ");
  if (running !== undefined && running.servers !== servers) {
    throw userErrors.rpcUnusable(
      servers || "none",
      `this process runs with ${running.servers || "none"}; restart the engine.`,
    );
  }
  const runtime = running?.runtime ?? startLlama(options);
  running = { gpu: options.gpu, servers, runtime };
  // a server that did not answer may do so at the next try; once llama.cpp runs it stays
  runtime.catch(() => (running = undefined));
  return runtime;
}

async function startLlama({ gpu, rpcServers = [], log }: LoadLlamaOptions): Promise<LlamaRuntime> {
  const native = loadNative();
  for (const server of rpcServers) await checkRpcServer(server);
  if (gpu !== "auto" && gpu !== "cpu" && gpu !== native.backend) {
    throw userErrors.backendUnavailable(
      gpu,
      `this build has ${native.backend === "cpu" ? "no GPU backend" : native.backend}.`,
    );
  }
  native.loadBackends(gpu !== "cpu", rpcServers.length > 0);
  const hasGpu = native.devices().some((device) => device.type === "gpu" || device.type === "igpu");
  if (gpu !== "auto" && gpu !== "cpu" && !hasGpu) {
    throw userErrors.backendUnavailable(gpu, "no device was found; is its driver installed?");
  }
  const { getLlama, LlamaLogLevel } = await import("node-llama-cpp");
  const complaints: string[] = [];
  let llama: Llama;
  try {
    llama = await getLlama("lastBuild", {
      usePrebuiltBinaries: false,
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.warn,
      logger: (level, message) => {
        if (level === LlamaLogLevel.error || level === LlamaLogLevel.fatal) {
          complaints.push(message);
          if (complaints.length > 20) complaints.shift();
        }
        log?.debug(`llama.cpp ${level}: ${message}`);
      },
    });
  } catch (error) {
    throw userErrors.nativeMissing("node-llama-cpp does not find it.", error);
  }
  if (llama.buildType !== "localBuild" || !llama.systemInfo.startsWith(BUILD_MARK)) {
    await llama.dispose();
    throw userErrors.nativeMissing("another llama.cpp was loaded instead.");
  }
  for (const server of rpcServers) native.addRpcServer(server); // now: node-llama-cpp knows no such devices and would look for others
  return new LlamaRuntime(llama, native, complaints, rpcServers.length > 0);
}

/** llama.cpp, ready to load models. */
export class LlamaRuntime {
  readonly native: Native;
  readonly #llama: Llama;
  readonly #complaints: string[];

  /** @internal Made by `loadLlama`. */
  constructor(
    llama: Llama,
    native: Native,
    complaints: string[],
    private readonly hasServers: boolean,
  ) {
    this.#llama = llama;
    this.native = native;
    this.#complaints = complaints;
  }

  /** Where layers are: on RPC servers, on the GPU, or on the CPU. */
  get backend(): Native["backend"] | "rpc" {
    if (this.hasServers) return "rpc";
    return this.#llama.gpu === false ? "cpu" : this.native.backend;
  }

  get devices(): readonly Device[] {
    return this.native.devices();
  }

  /** CPU cores that are useful for math. */
  get mathCores(): number {
    return this.#llama.cpuMathCores;
  }

  /**
   * Loads a GGUF model after checking that the whole file is there.
   * @throws LongsightError LS-303 missing, cut off, foreign or of an unknown architecture; LS-201; LS-900 when aborted
   */
  async loadModel(file: string, options: LoadModelOptions = {}): Promise<LoadedModel> {
    const { gpuLayers = "auto", signal, onProgress } = options;
    const facts = await readGgufFacts(file);
    if (signal?.aborted === true) throw userErrors.cancelled();
    if (this.hasServers) await this.#checkServerMemory(file);
    this.#complaints.length = 0;
    let model: LlamaModel;
    try {
      model = await this.native.guardModelLoad(() =>
        this.#llama.loadModel({
          modelPath: file,
          ...this.#placement(gpuLayers),
          ...(signal !== undefined && { loadSignal: signal }),
          ...(onProgress !== undefined && { onLoadProgress: onProgress }),
        }),
      );
    } catch (error) {
      throw await this.#loadFailure(file, error, signal);
    }
    const handle = model as unknown as ModelHandle;
    return new LoadedModel(model, file, facts, this.native.unsupportedReason(handle));
  }

  /** node-llama-cpp's estimate knows only local memory, so that with servers all layers are offered to them and the GPU. */
  #placement(
    gpuLayers: LoadModelOptions["gpuLayers"] & {},
  ): Pick<LlamaModelOptions, "gpuLayers" | "ignoreMemorySafetyChecks"> {
    if (this.hasServers && gpuLayers !== 0) return { gpuLayers: "max", ignoreMemorySafetyChecks: true };
    return { gpuLayers: this.#llama.gpu === false ? 0 : gpuLayers };
  }

  /** @throws LongsightError LS-201 */
  async #checkServerMemory(file: string): Promise<void> {
    const remote = this.devices.filter((device) => device.type === "gpu");
    const free = remote.reduce((sum, device) => sum + device.memoryFree, 0);
    const { size } = await stat(file);
    if (size > free) throw userErrors.noMemory("the model on the RPC servers", size, free);
  }

  async #loadFailure(file: string, error: unknown, signal: AbortSignal | undefined): Promise<LongsightError> {
    if (signal?.aborted === true) return userErrors.cancelled();
    if (error instanceof LongsightError) return error;
    const { InsufficientMemoryError } = await import("node-llama-cpp");
    if (error instanceof InsufficientMemoryError) {
      const { free } = await this.#llama.getRamState();
      return userErrors.noMemory("the model", (await stat(file)).size, free, error);
    }
    const reason = this.#complaints.find((line) => /unknown model architecture|error loading model:/.test(line));
    const detail =
      reason?.replace(/^.*error loading model: /, "") ?? (error instanceof Error ? error.message : String(error));
    return userErrors.modelDamaged(file, detail.trim(), error);
  }

  /** Frees llama.cpp's own state; models must be disposed before. The process cannot start it again. */
  dispose(): Promise<void> {
    return this.#llama.dispose();
  }
}

/** A model in memory: its facts, its tokenizer, and the handle that our addon takes. */
export class LoadedModel implements Tokenizer {
  readonly path: string;
  readonly facts: ModelFacts;
  /** Identifies the vocabulary: the key of token caches. */
  readonly id: string;
  readonly #model: LlamaModel;
  readonly #pieces = new Map<number, string | null>();

  /** @internal Made by `LlamaRuntime.loadModel`. */
  constructor(model: LlamaModel, file: string, gguf: GgufFacts, denseReason: string | null) {
    this.#model = model;
    this.path = file;
    const tokens = vocabularyOf(model);
    this.id = createHash("sha256")
      .update(JSON.stringify(model.fileInfo.metadata.tokenizer.ggml))
      .digest("hex")
      .slice(0, 32);
    this.facts = {
      ...gguf,
      bytes: model.size,
      kvBytesPerToken: gguf.layers * 2 * gguf.kvHeads * gguf.headDim * 2,
      vocabulary: tokens,
      description: model.typeDescription,
      denseReason,
    };
  }

  /** For `Native.createContext` and `Native.calibrate`. */
  get handle(): ModelHandle {
    return this.#model as unknown as ModelHandle;
  }

  /** Tokens of plain text; with `special`, markers such as `<|im_end|>` become their tokens. */
  tokenize(text: string, special = false): Int32Array {
    return Int32Array.from(this.#model.tokenize(text, special));
  }

  /** Text of tokens; special tokens are left out unless `special`. */
  detokenize(tokens: Int32Array, special = false): string {
    return this.#model.detokenize(Array.from(tokens) as ReturnType<LlamaModel["tokenize"]>, special);
  }

  piece(token: number): string | null {
    let piece = this.#pieces.get(token);
    if (piece === undefined) {
      const text = this.detokenize(Int32Array.of(token));
      piece = text.includes("\uFFFD") ? null : text;
      this.#pieces.set(token, piece);
    }
    return piece;
  }

  /** True for the tokens with which the model ends its turn. */
  isEndOfGeneration(token: number): boolean {
    return this.#model.isEogToken(token as ReturnType<LlamaModel["tokenize"]>[number]);
  }

  /** The chat template around one user message. */
  chatFrame(system: string): Promise<ChatFrame> {
    return chatFrame(this.#model, system);
  }

  /** Frees the weights, once every context of the model is disposed. */
  dispose(): Promise<void> {
    return this.#model.dispose();
  }
}

function vocabularyOf(model: LlamaModel): number {
  const { tokens } = model.fileInfo.metadata.tokenizer.ggml;
  return Array.isArray(tokens) ? tokens.length : 0;
}
