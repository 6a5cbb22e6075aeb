/** Which models this machine can carry, and which one is the best choice for it. */
import { availableParallelism, freemem } from "node:os";
import type { ModelEntry } from "../../shared/protocol";
import type { Device } from "../native";
import { catalogue, type CatalogueModel, kvBytesPerToken } from "./catalogue";
import { findDownloaded, isInterrupted, type ModelFile } from "./files";

/** What the choice of a model depends on. */
export interface Machine {
  /** Bytes of main memory that can be taken now, within the limits of a container. */
  readonly memoryFree: number;
  /** Bytes free on the largest GPU with memory of its own; 0 without one. */
  readonly gpuMemoryFree: number;
  /** Cores that can compute. */
  readonly cores: number;
}

export interface Fit {
  readonly model: CatalogueModel;
  readonly fits: boolean;
  readonly recommended: boolean;
  /** Why, as one sentence. */
  readonly note: string;
}

/** A context worth having: a small repository. */
const USEFUL_TOKENS = 32_768;
/** Compressed keys, workspaces and compute buffers, as a share of weights and cache. */
const OVERHEAD = 1.15;
/** What other programs may need while we run. */
const RESERVED_BYTES = 512 * 2 ** 20;
/**
 * Tokens per second, core and inverse billion of active parameters while reading on a CPU; docs/benchmarks.md. It only
 * separates "minutes" from "hours", so one figure for all CPUs will do.
 */
const CPU_READING = 40;
/** Reading a useful context may take this many seconds the first time; afterwards the snapshot is read back. */
const PATIENCE_SECONDS = 900;
/** Architectures in the catalogue that attend selectively; others run dense, and deep contexts are slow with them. */
const SELECTIVE: ReadonlySet<string> = new Set(["llama", "qwen2", "qwen3", "qwen3moe", "gemma3"]);

/** The machine we run on. `devices` come from the native build; without them only main memory counts. */
export function thisMachine(devices: readonly Device[] = []): Machine {
  // availableMemory knows the limits of containers; the type says it is always there, older Node versions lack it.
  const available = (process as { availableMemory?: () => number }).availableMemory?.() ?? freemem();
  const gpus = devices.filter((device) => device.type === "gpu").map((device) => device.memoryFree);
  return {
    memoryFree: Math.min(available, freemem()),
    gpuMemoryFree: Math.max(0, ...gpus),
    cores: availableParallelism(),
  };
}

/** Bytes that a model takes with a useful context. */
export function neededBytes(model: CatalogueModel, tokens = USEFUL_TOKENS): number {
  return (model.sizeBytes + tokens * kvBytesPerToken(model)) * OVERHEAD;
}

/** Judges every model of the catalogue for a machine. Exactly one is recommended when any fits. */
export function judge(machine: Machine): readonly Fit[] {
  const judged = catalogue.map((model) => ({ model, ...judgeOne(model, machine) }));
  const best = judged.findLast((fit) => fit.suits) ?? judged.find((fit) => fit.fits);
  return judged.map(({ model, fits, note }) => {
    const recommended = best?.model === model;
    return { model, fits, recommended, note: recommended ? `The best that ${note}` : capitalise(note) };
  });
}

/** The models to choose from: the catalogue with what is on this machine, and the chosen file when it is another one. */
export async function listModels(
  dataDir: string,
  machine: Machine,
  chosen: ModelFile | null = null,
): Promise<readonly ModelEntry[]> {
  const entries = await Promise.all(
    judge(machine).map(async ({ model, fits, recommended, note }): Promise<ModelEntry> => {
      const file = await findDownloaded(dataDir, model);
      return {
        id: model.id,
        name: model.name,
        license: model.license,
        parameters: model.parameters,
        quantization: model.quantization,
        sizeBytes: file?.sizeBytes ?? model.sizeBytes,
        trainedContext: model.trainedContext,
        kvBytesPerToken: kvBytesPerToken(model),
        sha256: model.sha256,
        source: model.source,
        path: file?.path ?? null,
        interrupted: file === null && (await isInterrupted(dataDir, model.id)),
        fits,
        recommended,
        note,
      };
    }),
  );
  if (chosen?.entry !== null) return entries;
  return [...entries, ownFile(chosen)];
}

/** A GGUF file that the user named: nothing is known about it before it is loaded. */
function ownFile(file: ModelFile): ModelEntry {
  return {
    id: file.path,
    name: file.name,
    license: "unknown",
    parameters: "",
    quantization: "",
    sizeBytes: file.sizeBytes,
    trainedContext: 0,
    kvBytesPerToken: 0,
    sha256: null,
    source: file.path,
    path: file.path,
    fits: true,
    recommended: false,
    note: "Your own file.",
  };
}

/** `suits`: fits, may be used by everyone, and reads a useful context in bearable time. `note` continues "the best that". */
function judgeOne(
  model: CatalogueModel,
  machine: Machine,
): { readonly fits: boolean; readonly suits: boolean; readonly note: string } {
  const needed = neededBytes(model);
  const onGpu = needed <= machine.gpuMemoryFree;
  const room = Math.max(machine.memoryFree - RESERVED_BYTES, machine.gpuMemoryFree);
  if (needed > room) {
    const note = `needs ${gigabytes(needed)} with ${USEFUL_TOKENS / 1024} k tokens; ${gigabytes(room)} are free.`;
    return { fits: false, suits: false, note };
  }
  const where = onGpu ? "on the GPU" : "in main memory";
  const fitting = `fits ${where}: ${gigabytes(needed)} with ${USEFUL_TOKENS / 1024} k tokens`;
  if (!model.freeUse)
    return { fits: true, suits: false, note: `${fitting}, but ${model.license} allows research only.` };
  if (!SELECTIVE.has(model.architecture)) {
    return {
      fits: true,
      suits: false,
      note: `${fitting}, but its architecture attends densely: deep contexts are slow.`,
    };
  }
  const seconds = USEFUL_TOKENS / ((machine.cores * CPU_READING) / model.activeBillions);
  if (!onGpu && seconds > PATIENCE_SECONDS) {
    const minutes = Math.round(seconds / 60);
    return {
      fits: true,
      suits: false,
      note: `${fitting}, but reading them takes about ${minutes} minutes on this CPU.`,
    };
  }
  return { fits: true, suits: true, note: `${fitting}.` };
}

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
