/** Measures decoding and reading at depth, selective and dense attention alternating in one process. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { userErrors } from "../../shared/errors";
import type { Backend, EsaSettings } from "../../shared/protocol";
import { ensureFolder } from "../disk";
import type { Log } from "../log";
import { kvBytesPerToken } from "../model/catalogue";
import { findProjections, projectionsPath, type ProjectionKey } from "../model/calibration";
import { resolveModel } from "../model/files";
import { readGgufFacts } from "../model/gguf";
import { type LlamaRuntime, type LoadedModel, loadLlama } from "../model/llama";
import { thisMachine } from "../model/recommend";
import type { ContextOptions, NativeContext } from "../native";
import { NativeError } from "../nativeTypes";
import { ensureRandomModel, type ModelShape, type ShapeName, shapes, weightBytes } from "./randomModel";

export const benchModes = ["dense", "esa"] as const;
export type BenchMode = (typeof benchModes)[number];

export interface BenchOptions {
  readonly modes: readonly BenchMode[];
  /** Tokens in the cache, one measurement each. */
  readonly depths: readonly number[];
  /** Random weights of this shape; null measures the model that `model` means. */
  readonly shape: Exclude<ShapeName, "tiny"> | null;
  readonly model: string;
  /** 0: all physical cores. */
  readonly threads: number;
  readonly backend: Backend;
  readonly rpcServers: readonly string[];
  readonly esa: EsaSettings;
  /** Tokens that are read at once: the prefill measurement is one such chunk. */
  readonly chunk: number;
  /** Single tokens in one decode measurement. */
  readonly tokens: number;
  /** Measurements of which the median is given; one more before them warms up. */
  readonly repetitions: number;
  readonly dataDir: string;
  readonly log: Log;
  readonly signal?: AbortSignal;
  /** Called with each finished row. */
  readonly onRow?: (row: BenchRow) => void;
  readonly onNote?: (note: string) => void;
}

/** Tokens per second, medians. */
export interface BenchRow {
  readonly mode: BenchMode;
  readonly depth: number;
  readonly decode: number;
  readonly prefill: number;
}

export interface BenchResult {
  readonly rows: readonly BenchRow[];
  readonly model: string;
  readonly threads: number;
  readonly backend: string;
  readonly devices: readonly string[];
  readonly buildId: string;
}

/** Tokens that the projections of a benchmark are computed from: their values do not matter, only their size. */
const CALIBRATION_TOKENS = 512;
/** Compute buffers and all else, beyond weights and caches. */
const ALLOWANCE_BYTES = 768 * 2 ** 20;

/** @throws LongsightError LS-201 too little memory for the depths, LS-202, LS-203, LS-30x, LS-900 */
export async function runBench(options: BenchOptions): Promise<BenchResult> {
  const { shape, signal, log, dataDir } = options;
  const runtime = await loadLlama({ gpu: options.backend, rpcServers: options.rpcServers, log });
  await checkMemory(options, runtime);
  options.onNote?.(shape === null ? "Loading the model" : `Making random weights of the ${shape} shape, once`);
  const file = await untilAborted(signal, async () =>
    shape === null ? (await resolveModel(options.model, dataDir)).path : ensureRandomModel(shape, dataDir, signal),
  );
  const model = await runtime.loadModel(file, signal === undefined ? {} : { signal });
  try {
    const threads = options.threads > 0 ? options.threads : runtime.mathCores;
    const projections = options.modes.includes("esa") ? await benchProjections(options, runtime, model, threads) : null;
    const rows: BenchRow[] = [];
    for (const depth of options.depths) {
      rows.push(...(await measureDepth(options, runtime, model, { depth, threads, projections })));
    }
    return {
      rows,
      model: shape === null ? file : `random weights, ${shape} shape`,
      threads,
      backend: runtime.backend,
      devices: runtime.devices.map((device) => device.description),
      buildId: runtime.native.buildId,
    };
  } finally {
    await model.dispose();
  }
}

interface DepthOptions {
  readonly depth: number;
  readonly threads: number;
  readonly projections: string | null;
}

async function measureDepth(
  options: BenchOptions,
  runtime: LlamaRuntime,
  model: LoadedModel,
  at: DepthOptions,
): Promise<readonly BenchRow[]> {
  const contexts = new Map<BenchMode, NativeContext>();
  try {
    for (const mode of options.modes) {
      const context = await runtime.native.createContext(model.handle, contextOptions(options, mode, at));
      contexts.set(mode, context);
      await context.benchFill(at.depth);
    }
    const rows = await alternate(options, contexts, at.depth, model.facts.vocabulary);
    for (const row of rows) options.onRow?.(row);
    return rows;
  } finally {
    for (const context of contexts.values()) await context.dispose();
  }
}

function contextOptions({ esa, chunk, tokens }: BenchOptions, mode: BenchMode, at: DepthOptions): ContextOptions {
  return {
    contextSize: at.depth + Math.max(chunk, tokens),
    batchSize: chunk,
    threads: at.threads,
    esa:
      mode === "dense"
        ? null
        : {
            nInit: esa.initial,
            nLocal: esa.local,
            nTop: esa.top,
            proximity: esa.proximity,
            positions: esa.positions,
            projections: at.projections,
          },
  };
}

/** One warm-up round, then `repetitions` rounds in which every mode is measured once. */
async function alternate(
  { chunk, tokens, repetitions, signal }: BenchOptions,
  contexts: ReadonlyMap<BenchMode, NativeContext>,
  depth: number,
  vocabulary: number,
): Promise<readonly BenchRow[]> {
  const measured = [...contexts].map(([mode, context]) => ({
    mode,
    context,
    decode: [] as number[],
    prefill: [] as number[],
  }));
  const token = (index: number): number => (index * 7919) % vocabulary;
  const single = Array.from({ length: tokens }, (_, index) => Int32Array.of(token(index)));
  const whole = Int32Array.from({ length: chunk }, (_, index) => token(index));
  for (let round = 0; round <= repetitions; round++) {
    for (const { context, decode, prefill } of measured) {
      const decodeRate = await rate(tokens, async () => {
        for (const one of single) await step(context, one, signal);
      });
      await context.remove(depth);
      const prefillRate = await rate(chunk, () => step(context, whole, signal));
      await context.remove(depth);
      if (round === 0) continue;
      decode.push(decodeRate);
      prefill.push(prefillRate);
    }
  }
  return measured.map(({ mode, decode, prefill }) => ({
    mode,
    depth,
    decode: median(decode),
    prefill: median(prefill),
  }));
}

async function step(context: NativeContext, tokens: Int32Array, signal: AbortSignal | undefined): Promise<void> {
  const { aborted } = await context.prefill(tokens, signal === undefined ? {} : { signal });
  if (aborted) throw userErrors.cancelled();
}

/** Tokens per second of `work`. */
async function rate(tokens: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (tokens * 1000) / (performance.now() - began);
}

/** Projections of the right size for this model, computed from arbitrary tokens. */
async function benchProjections(
  { esa, dataDir, signal, onNote, shape }: BenchOptions,
  { native }: LlamaRuntime,
  model: LoadedModel,
  threads: number,
): Promise<string | null> {
  const key: ProjectionKey = {
    modelFingerprint: `bench ${shape ?? `${model.path} ${model.facts.bytes}`}`,
    projection: esa.projection,
    vote: esa.vote,
    local: esa.local,
    nativeVersion: native.version,
  };
  const { kvHeads, headDim } = model.facts;
  if (esa.projection >= kvHeads * headDim) return null; // keys are compared whole
  const found = await findProjections(dataDir, key);
  if (found !== null && (await canBeUsed(native, model, found, esa))) return found;
  onNote?.("Calibrating, once");
  const file = projectionsPath(dataDir, key);
  await ensureFolder(path.dirname(file));
  await native.calibrate(model.handle, {
    tokens: [Int32Array.from({ length: CALIBRATION_TOKENS }, (_, index) => (index * 7919) % model.facts.vocabulary)],
    nProj: esa.projection,
    vote: esa.vote,
    nLocal: esa.local,
    threads,
    path: file,
    ...(signal !== undefined && { signal }),
  });
  return file;
}

/** Whether a context takes the projections; a damaged file is made again, as it is for an answer. */
async function canBeUsed(
  native: LlamaRuntime["native"],
  model: LoadedModel,
  projections: string,
  { initial, local, top }: EsaSettings,
): Promise<boolean> {
  try {
    const context = await native.createContext(model.handle, {
      contextSize: 256,
      batchSize: 64,
      esa: { nInit: initial, nLocal: local, nTop: top, projections },
    });
    await context.dispose();
    return true;
  } catch (error) {
    if (error instanceof NativeError && error.code === "BAD_FILE") return false;
    throw error;
  }
}

/** Refuses before anything is made or loaded. @throws LongsightError LS-201 */
async function checkMemory(options: BenchOptions, runtime: LlamaRuntime): Promise<void> {
  const { shape, chunk, tokens, esa, modes } = options;
  const { weights, kvBytes, layers } = shape === null ? await modelSize(options) : shapeSize(shapes[shape]);
  const cells = Math.max(0, ...options.depths) + Math.max(chunk, tokens);
  const workspaceCells = modes.includes("esa") ? esa.initial + esa.local + esa.top + 2 * chunk : 0;
  const compressed = modes.includes("esa") ? cells * layers * esa.projection * 2 : 0;
  const needed = weights + (modes.length * cells + workspaceCells) * kvBytes + compressed + ALLOWANCE_BYTES;
  const machine = thisMachine(runtime.devices);
  const free = runtime.backend === "cpu" ? machine.memoryFree : Math.max(machine.memoryFree, machine.gpuMemoryFree);
  if (needed > free) throw userErrors.noMemory("the benchmark", needed, free);
}

interface ModelSize {
  readonly weights: number;
  readonly kvBytes: number;
  readonly layers: number;
}

function shapeSize(shape: ModelShape): ModelSize {
  return { weights: weightBytes(shape), kvBytes: kvBytesPerToken(shape), layers: shape.layers };
}

async function modelSize({ model, dataDir }: BenchOptions): Promise<ModelSize> {
  const file = await resolveModel(model, dataDir);
  const facts = await readGgufFacts(file.path);
  return { weights: (await stat(file.path)).size, kvBytes: kvBytesPerToken(facts), layers: facts.layers };
}

async function untilAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw signal?.aborted === true ? userErrors.cancelled() : error;
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
}
