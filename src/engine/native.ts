/**
 * The only importer of our addon: finds the native build, loads it, and gives it exact types, abort signals and errors.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { userErrors } from "../shared/errors";
import { lose, loss, orLost, serverLost } from "./lostServer";
import { guard, settle, withAbort } from "./nativeCalls";
import { NativeContext } from "./nativeContext";
import {
  type CalibrateOptions,
  type ContextOptions,
  type Device,
  type ModelHandle,
  NativeError,
  type RawAddon,
} from "./nativeTypes";

export { NativeContext } from "./nativeContext";
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
  /** Tokens of a segment, without loading it. @throws NativeError BAD_FILE */
  segmentPeek(file: string, key: string): Promise<Int32Array>;
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
    segmentPeek: (file, key) => settle(() => addon.segmentPeek(file, key)),
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
