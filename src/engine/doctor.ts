/** Looks at this installation: what is there, what is used and why, and whether it computes what it should. */
import { randomBytes } from "node:crypto";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism, freemem, totalmem } from "node:os";
import path from "node:path";
import { type ErrorValue, toErrorValue } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";
import { ensureFolder } from "./disk";
import type { Log } from "./log";
import { type ModelFile, presentModels, resolveModel } from "./model/files";
import { type LlamaRuntime, loadLlama } from "./model/llama";
import { type LlamaVersions, llamaVersions } from "./model/versions";
import { type Device, loadNative } from "./native";
import { type DeviceTest, type Place, placesToTest } from "./deviceTests";
import { failedSelfTest, runSelfTest, type SelfTest } from "./selfTest";
import { longsightVersion } from "./version";

export interface DoctorReport {
  /** Everything that was looked at is as it should be. */
  readonly ok: boolean;
  readonly versions: LlamaVersions & { readonly longsight: string; readonly node: string; readonly esa: string | null };
  readonly native: { readonly dir: string; readonly buildId: string; readonly backend: string } | null;
  readonly nativeError: ErrorValue | null;
  readonly backend: { readonly used: string | null; readonly why: string };
  readonly devices: readonly Device[];
  readonly machine: { readonly cores: number; readonly memoryFree: number; readonly memoryTotal: number };
  readonly dataDir: { readonly path: string; readonly writable: boolean; readonly error: ErrorValue | null };
  /** Bytes by folder of the data directory. */
  readonly caches: Readonly<Record<string, number>>;
  readonly models: readonly { readonly id: string; readonly path: string; readonly sizeBytes: number }[];
  /** The model that would be used now, or why there is none. */
  readonly model: string | null;
  readonly modelError: ErrorValue | null;
  /** One for each device that computes, the chosen one first; empty when the native build cannot be loaded. */
  readonly selfTests: readonly DeviceTest[];
}

/** Runs `selfTest` below in a process that sees one device; rejects when that process ends without a result. */
export type SelfTestElsewhere = (place: Place) => Promise<SelfTest>;

const FOLDERS = ["models", "projections", "snapshots", "tokens", "traces", "bench"] as const;

/** Looks at everything; problems become part of the report and stop nothing. */
export async function examine(
  settings: EngineSettings,
  log: Log,
  selfTestElsewhere: SelfTestElsewhere,
): Promise<DoctorReport> {
  const { dataDir } = settings;
  const native = attempt(() => loadNative());
  const runtime = await attemptAsync(() => loadLlama({ gpu: settings.backend, rpcServers: settings.rpcServers, log }));
  const data = await examineDataDir(dataDir);
  const models = await presentModels(dataDir);
  const chosen = await attemptAsync(() => resolveModel(settings.model, dataDir));
  const selfTests = runtime.value === null ? [] : await testDevices(settings, runtime.value, selfTestElsewhere);
  // Without a model there is nothing wrong, only something left to do.
  const modelWrong = chosen.error !== null && chosen.error.code !== "LS-306";
  return {
    ok:
      runtime.value !== null &&
      data.writable &&
      !modelWrong &&
      selfTests.length > 0 &&
      selfTests.every(({ test }) => test.ok),
    versions: {
      longsight: longsightVersion(),
      node: process.version,
      ...(await llamaVersions()),
      esa: native.value?.version ?? null,
    },
    native: native.value && { dir: native.value.dir, buildId: native.value.buildId, backend: native.value.backend },
    nativeError: runtime.error ?? native.error,
    backend: explainBackend(settings, runtime.value),
    devices: runtime.value?.devices ?? [],
    machine: { cores: availableParallelism(), memoryFree: freemem(), memoryTotal: totalmem() },
    dataDir: data,
    caches: Object.fromEntries(
      await Promise.all(
        FOLDERS.map(async (name): Promise<[string, number]> => [name, await folderBytes(path.join(dataDir, name))]),
      ),
    ),
    models: models.map(({ id, path: file, sizeBytes }) => ({ id, path: file, sizeBytes })),
    model: chosen.value?.path ?? null,
    modelError: chosen.error,
    selfTests,
  };
}

/** The self-test on the device of this process, with the model that would be used. */
export async function selfTest(settings: EngineSettings, log: Log, signal?: AbortSignal): Promise<SelfTest> {
  const { dataDir, model, backend, rpcServers } = settings;
  const runtime = await loadLlama({ gpu: backend, rpcServers, log });
  const chosen = await attemptAsync(() => resolveModel(model, dataDir));
  return runSelfTest(runtime, chosen.value ?? smallest(await presentModels(dataDir)), dataDir, signal);
}

/** One after the other: two would only slow each other down. */
async function testDevices(
  { backend }: EngineSettings,
  { native, devices }: LlamaRuntime,
  elsewhere: SelfTestElsewhere,
): Promise<DeviceTest[]> {
  const tests: DeviceTest[] = [];
  for (const place of placesToTest(backend, native.backend, devices)) {
    const { name, description, memoryFree, memoryTotal } = place.device;
    const test = await elsewhere(place).catch((error: unknown) => failedSelfTest("none", error));
    tests.push({ backend: place.backend, device: name, description, memoryFree, memoryTotal, test });
  }
  return tests;
}

function explainBackend(settings: EngineSettings, runtime: LlamaRuntime | null): DoctorReport["backend"] {
  if (runtime === null) return { used: null, why: "The native build cannot be used." };
  const { backend: used, native } = runtime;
  if (used === "rpc") return { used, why: `The layers are on ${settings.rpcServers.join(", ")}.` };
  if (settings.backend !== "auto") return { used, why: `The settings say '${settings.backend}'.` };
  if (used !== "cpu") return { used, why: "A device for this build's GPU backend was found." };
  if (native.backend === "cpu") return { used, why: "This build has no GPU backend." };
  return { used, why: `This build has ${native.backend}, but no device for it was found.` };
}

/** The quickest model to test with. */
function smallest(models: readonly ModelFile[]): ModelFile | null {
  return models.toSorted((a, b) => a.sizeBytes - b.sizeBytes)[0] ?? null;
}

/** Whether a file can be written: permissions alone do not tell on every system. */
async function examineDataDir(dir: string): Promise<DoctorReport["dataDir"]> {
  const written = await attemptAsync(async () => {
    await ensureFolder(dir);
    const probe = path.join(dir, `doctor-${randomBytes(4).toString("hex")}`);
    await writeFile(probe, "");
    await rm(probe);
    return true;
  });
  return { path: dir, writable: written.value === true, error: written.error };
}

async function folderBytes(dir: string): Promise<number> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(path.join(dir, name)).catch(() => null))?.size),
  );
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

interface Attempt<T> {
  readonly value: T | null;
  readonly error: ErrorValue | null;
}

function attempt<T>(call: () => T): Attempt<T> {
  try {
    return { value: call(), error: null };
  } catch (error) {
    return { value: null, error: toErrorValue(error) };
  }
}

async function attemptAsync<T>(call: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await call(), error: null };
  } catch (error) {
    return { value: null, error: toErrorValue(error) };
  }
}
