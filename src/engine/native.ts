/**
 * The only importer of our addon: finds the native build, loads it, and gives it exact types, abort signals and errors.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { userErrors } from "../shared/errors";
import { lose, loss, orLost, serverLost } from "./lostServer";
import { guard, settle, toTypedError } from "./nativeCalls";
import {
  type CalibrateOptions,
  type ContextMemory,
  type ContextOptions,
  type Device,
  type GeneratedToken,
  type GenerateOptions,
  type GenerateResult,
  type ModelHandle,
  NativeError,
  type PrefillOptions,
  type PrefillResult,
  type RawAddon,
  type RawContext,
} from "./nativeTypes";

export { decodeSelection } from "./nativeSelection";
export * from "./nativeTypes";

const ADDON = "longsight-esa.node";
const MANIFEST = "longsight-build.json";

/** The native build: one folder with libllama, ggml's backends, node-llama-cpp's addon and ours. */
export interface Native {
  /** Folder of the shared objects; `gpu` below it holds the GPU backends. */
  readonly dir: string;
  /** Version of the ESA implementation, part of every cache key. */
  readonly version: string;
  /** Content hash of everything that the binaries were made of. */
  readonly buildId: string;
  /** GPU backend that this build has, if any. */
  readonly backend: "cpu" | "cuda" | "vulkan" | "metal";
  /** Loads ggml's backends: once per process, before node-llama-cpp is started. */
  loadBackends(gpu: boolean, rpc: boolean): void;
  /**
   * Makes the devices of an RPC server devices of this process; after node-llama-cpp is started.
   * @throws LongsightError LS-205, NativeError
   */
  addRpcServer(server: string): void;
  /** Runs a model load: an assertion of llama.cpp that fails meanwhile makes the load fail, not the process. */
  guardModelLoad<T>(load: () => Promise<T>): Promise<T>;
  /** Devices of the loaded backends. */
  devices(): Device[];
  /** null when the model can run ESA, else why it runs dense. Throws NativeError BAD_MODEL. */
  unsupportedReason(model: ModelHandle): string | null;
  /**
   * Makes a context. The model stays loaded until the context is disposed.
   * @throws LongsightError LS-201 without memory for it; NativeError BAD_ARGUMENT, BAD_MODEL, BAD_FILE (projections),
   *   UNSUPPORTED
   */
  createContext(model: ModelHandle, options: ContextOptions): Promise<NativeContext>;
  /** Tokens of a snapshot, without loading it. @throws NativeError BAD_FILE */
  peekSnapshot(file: string, key: string): Promise<Int32Array>;
  /** Closed-form projections from ordinary text. @throws NativeError, LongsightError LS-900 when aborted */
  calibrate(model: ModelHandle, options: CalibrateOptions): Promise<void>;
}

let loaded: Native | undefined;

/**
 * Loads our addon from the build that node-llama-cpp will load too.
 * @throws LongsightError LS-202 when there is no build, or one that does not fit
 */
export function loadNative(): Native {
  loaded ??= openNative();
  return loaded;
}

function openNative(): Native {
  const dir = findBuildDir();
  const manifest = readManifest(dir);
  const addon = requireAddon(path.join(dir, ADDON));
  if (addon.buildId() !== manifest.buildId) {
    throw userErrors.nativeMissing(`${ADDON} in ${dir} is of another build than ${MANIFEST} says.`);
  }
  addon.onRpcLost((message) => lose(serverLost(message)));
  // Node waits for running calls before it exits
  process.once("exit", (code) => (loss() === null ? addon.shutdown() : addon.exitNow(code)));
  return {
    dir,
    version: addon.version(),
    buildId: addon.buildId(),
    backend: manifest.backend,
    loadBackends: (gpu, rpc) => {
      guard(() => {
        if (rpc) addon.loadBackends(path.join(dir, "rpc"));
        if (gpu && existsSync(path.join(dir, "gpu"))) addon.loadBackends(path.join(dir, "gpu"));
        addon.loadBackends(dir);
      });
    },
    guardModelLoad: async (load) => {
      addon.countModelLoads(1);
      try {
        return await orLost(load());
      } finally {
        addon.countModelLoads(-1);
      }
    },
    devices: () => guard(() => addon.devices()),
    addRpcServer: (server) => guard(() => addon.addRpcServer(server)),
    unsupportedReason: (model) => guard(() => addon.unsupportedReason(model)),
    createContext: (model, options) => createContext(addon, model, options),
    peekSnapshot: (file, key) => settle(() => addon.snapshotPeek(file, key)),
    calibrate: (model, options) => calibrate(addon, model, options),
  };
}

/** Folder that node-llama-cpp's `lastBuild.json` names. */
function findBuildDir(): string {
  const packageDir = findPackageDir();
  const pointer = path.join(packageDir, "llama", "lastBuild.json");
  if (!existsSync(pointer)) throw userErrors.nativeMissing("there is no native build.");
  const { folderName } = readJson(pointer) as { folderName?: unknown };
  if (typeof folderName !== "string" || path.basename(folderName) !== folderName) {
    throw userErrors.nativeMissing(`${pointer} names no build.`);
  }
  return path.join(packageDir, "llama", "localBuilds", folderName, "Release");
}

/** The node-llama-cpp package that an import from here finds. */
function findPackageDir(): string {
  const require = createRequire(import.meta.url);
  for (const dir of require.resolve.paths("node-llama-cpp") ?? []) {
    const candidate = path.join(dir, "node-llama-cpp");
    if (existsSync(path.join(candidate, "package.json"))) return candidate;
  }
  throw userErrors.nativeMissing("the package node-llama-cpp is not installed.");
}

function readManifest(dir: string): { buildId: string; backend: Native["backend"] } {
  const file = path.join(dir, MANIFEST);
  if (!existsSync(file)) throw userErrors.nativeMissing(`${file} does not exist.`);
  const { buildId, backend } = readJson(file) as { buildId?: unknown; backend?: unknown };
  const isBackend = backend === "cpu" || backend === "cuda" || backend === "vulkan" || backend === "metal";
  if (typeof buildId !== "string" || !isBackend) throw userErrors.nativeMissing(`${file} is damaged.`);
  return { buildId, backend };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as unknown;
  } catch (error) {
    throw userErrors.nativeMissing(`${file} cannot be read.`, error);
  }
}

function requireAddon(file: string): RawAddon {
  try {
    return createRequire(import.meta.url)(file) as RawAddon;
  } catch (error) {
    throw userErrors.nativeMissing(error instanceof Error ? error.message : String(error), error);
  }
}

/** Runs `call`, and `abort` as soon as the signal says so. */
async function withAbort<T>(signal: AbortSignal | undefined, abort: () => void, call: () => Promise<T>): Promise<T> {
  const running = settle(call);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await running;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

async function createContext(addon: RawAddon, model: ModelHandle, options: ContextOptions): Promise<NativeContext> {
  try {
    return new NativeContext(await settle(() => addon.createContext(model, { ...options })));
  } catch (error) {
    if (!(error instanceof NativeError) || error.memory === null) throw error;
    throw userErrors.noMemory(
      `a context of ${options.contextSize} tokens`,
      error.memory.needed,
      error.memory.free,
      error,
    );
  }
}

async function calibrate(addon: RawAddon, model: ModelHandle, options: CalibrateOptions): Promise<void> {
  const { signal, onProgress, ...rest } = options;
  if (signal?.aborted === true) throw userErrors.cancelled();
  const run = guard(() => addon.calibrate(model, rest, (stage, done, total) => onProgress?.(stage, done, total)));
  try {
    await withAbort(signal, run.abort, () => run.done);
  } catch (error) {
    throw error instanceof NativeError && error.code === "ABORTED" ? userErrors.cancelled() : error;
  }
}

/**
 * One KV cache with its own attention: ESA or dense. Calls run one at a time: a second one while the first still runs
 * rejects with NativeError BUSY, any call after `dispose` with DISPOSED.
 */
export class NativeContext {
  readonly #raw: RawContext;

  /** @internal Made by `Native.createContext`. */
  constructor(raw: RawContext) {
    this.#raw = raw;
  }

  /** Tokens in the cache. */
  get length(): number {
    return guard(() => this.#raw.length);
  }

  /** Cells of the cache, in tokens. */
  get contextSize(): number {
    return guard(() => this.#raw.contextSize);
  }

  /** Number of layers of the model. */
  get layers(): number {
    return guard(() => this.#raw.layers);
  }

  /** False: dense attention. */
  get isEsa(): boolean {
    return guard(() => this.#raw.esaEnabled);
  }

  /** Bytes that this context takes. */
  get memory(): ContextMemory {
    return guard(() => this.#raw.memory());
  }

  /**
   * Appends tokens, a chunk at a time. After an abort the tokens of finished chunks stay; an unfinished chunk leaves none.
   * @throws NativeError FULL (nothing was appended), BAD_ARGUMENT (a token outside the vocabulary), FAILED
   */
  prefill(tokens: Int32Array, options: PrefillOptions = {}): Promise<PrefillResult> {
    const { signal, trace = false, onProgress } = options;
    if (signal?.aborted === true) return Promise.resolve({ done: 0, aborted: true, trace: null });
    return withAbort(
      signal,
      () => this.#raw.abort(),
      () => this.#raw.prefill(tokens, trace, (done, total) => onProgress?.(done, total)),
    );
  }

  /**
   * Continues what was prefilled, yielding tokens as they come; returns why it ended. Leaving the loop stops the model.
   * @throws NativeError NO_LOGITS when nothing was prefilled since the last change of the cache, FAILED
   */
  async *generate(options: GenerateOptions): AsyncGenerator<GeneratedToken, GenerateResult, undefined> {
    const { signal, ...rest } = options;
    if (signal?.aborted === true) return { finish: "abort", endToken: null };
    const ready: GeneratedToken[] = [];
    let wake: () => void = () => undefined;
    let result: GenerateResult | undefined;
    let failure: Error | undefined;
    const onTokens = (tokens: Int32Array, traces: readonly (Uint8Array | null)[]): void => {
      tokens.forEach((token, index) => ready.push({ token, trace: traces[index] ?? null }));
      wake();
    };
    const running = withAbort(
      signal,
      () => this.#raw.abort(),
      () => this.#raw.generate(rest, onTokens),
    ).then(
      (value) => (result = value),
      (error: unknown) => (failure = toTypedError(error)),
    );
    void running.then(() => wake());
    try {
      for (;;) {
        for (let next = ready.shift(); next !== undefined; next = ready.shift()) yield next;
        if (failure !== undefined) throw failure;
        if (result !== undefined) return result;
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ready.length > 0 || result !== undefined || failure !== undefined) resolve();
        });
      }
    } finally {
      if (result === undefined && failure === undefined) this.#raw.abort();
      await running;
    }
  }

  /** Token indices that one layer selected in the last step, ascending; empty for a dense layer. */
  trace(layer: number): Int32Array {
    return guard(() => this.#raw.trace(layer));
  }

  /** Logits after the last token, one per token of the vocabulary. @throws NativeError NO_LOGITS */
  logits(): Float32Array {
    return guard(() => this.#raw.logits());
  }

  /** Removes the tokens [from, to), by default to the end, and closes the gap. @throws NativeError BAD_ARGUMENT, FAILED */
  remove(from: number, to?: number): Promise<void> {
    return settle(() => this.#raw.remove(from, to ?? this.#raw.length));
  }

  /** Removes everything. */
  clear(): Promise<void> {
    return this.remove(0);
  }

  /**
   * Writes the cache with the tokens it holds to a file, beside and renamed.
   * @throws NativeError BAD_FILE when it cannot be written
   */
  snapshotSave(file: string, key: string, tokens: Int32Array): Promise<void> {
    return settle(() => this.#raw.snapshotSave(file, key, tokens));
  }

  /** Replaces the cache by a snapshot and resolves with its tokens. On BAD_FILE the context is empty and usable. */
  snapshotLoad(file: string, key: string): Promise<Int32Array> {
    return settle(() => this.#raw.snapshotLoad(file, key));
  }

  /** Fills the cache with `count` arbitrary tokens without computing them, for benchmarks only. */
  benchFill(count: number): Promise<void> {
    return settle(() => this.#raw.benchFill(count));
  }

  /** Frees everything; waits for a running call after aborting it. May be called again. */
  dispose(): Promise<void> {
    return settle(() => this.#raw.dispose());
  }
}
