/** Proof on this machine that selective attention computes what dense attention computes, where both must agree. */
import type { ErrorValue } from "../shared/errors";
import { toErrorValue } from "../shared/errors";
import { ensureRandomModel } from "./bench/randomModel";
import type { ModelFile } from "./model/files";
import { type LlamaRuntime, type LoadedModel } from "./model/llama";
import type { ContextOptions } from "./native";

export interface SelfTestCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Root mean square of the logits' differences over their standard deviation; of selections the share that differs. */
  readonly error: number;
}

/** One set of operations that a user can run. */
export interface SelfTestWay {
  readonly name: "own operations" | "stock operations";
  readonly ok: boolean;
  readonly checks: readonly SelfTestCheck[];
}

export interface SelfTest {
  readonly ok: boolean;
  /** Name of the model, or what stands in for one. */
  readonly model: string;
  readonly tokens: number;
  /** How far two ways of computing dense attention lie apart: the measure of the checks. */
  readonly noise: number;
  /** Longsight's own kernels where the device has them, and the graph of stock operations that runs anywhere. */
  readonly ways: readonly SelfTestWay[];
  readonly error: ErrorValue | null;
}

const TOKENS = 192;
/** Local tokens of the second check: most of the text lies outside of them. */
const FEW_LOCAL = 48;
/** Selected tokens of the third check: about half of what is outside. */
const FEW_TOP = 48;
/** Share of a selection that rounding may turn to other tokens whose scores lie close together. */
const MOST_OTHERS = 0.1;
/**
 * Noise is measured, not guessed: two ways of computing dense attention differ too, by rounding alone, and quantised
 * weights make much of it. ESA may differ by this many times as much, plus what f32 weights show.
 */
const TIMES_NOISE = 4;
const LEAST_NOISE = 5e-4;

/** Ordinary text for real models: their logits mean something, unlike those after random tokens. */
const TEXT = `
// Reads a configuration file and merges it with the defaults. Unknown keys are reported, not ignored.
export async function readConfiguration(path: string, defaults: Configuration): Promise<Configuration> {
  const text = await readFile(path, "utf8");
  const values = JSON.parse(text) as Partial<Configuration>;
  for (const key of Object.keys(values)) {
    if (!(key in defaults)) throw new Error("unknown key " + key + " in " + path);
  }
  return { ...defaults, ...values };
}

The server listens on the port that the configuration names. When the port is taken, the next free one is used and
printed. Requests are answered in the order in which they come; a slow request does not hold up the others, since every
one runs in a task of its own. When the process receives a signal to end, it finishes the requests that are running,
closes the database and exits with code 0. Errors go to the log with their cause, and the client gets a number by which
the entry can be found.

`;

/** A test that could not be made. */
export function failedSelfTest(model: string, error: unknown): SelfTest {
  return { ok: false, model, tokens: 0, noise: 0, ways: [], error: toErrorValue(error) };
}

/**
 * Compares both kinds of attention on the model, or on a tiny one with random weights when there is none or it runs dense.
 */
export async function runSelfTest(
  runtime: LlamaRuntime,
  file: ModelFile | null,
  dataDir: string,
  signal?: AbortSignal,
): Promise<SelfTest> {
  const name = file?.name ?? "random weights, tiny shape";
  let model: LoadedModel;
  try {
    const path = file?.path ?? (await ensureRandomModel("tiny", dataDir, signal));
    model = await runtime.loadModel(path, signal === undefined ? {} : { signal });
  } catch (error) {
    return failedSelfTest(name, error);
  }
  const dense = model.facts.denseReason !== null;
  try {
    if (!dense) return await compare(runtime, model, name);
  } catch (error) {
    return failedSelfTest(name, error);
  } finally {
    await model.dispose();
  }
  return runSelfTest(runtime, null, dataDir, signal);
}

const ESA = { nInit: 16, nLocal: FEW_LOCAL, nTop: 2 * TOKENS, projections: null, proximity: 0, trace: false } as const;

async function compare(runtime: LlamaRuntime, model: LoadedModel, name: string): Promise<SelfTest> {
  const tokens = testTokens(model);
  const run = (options: Pick<ContextOptions, "esa" | "flashAttention">): Promise<Outcome> =>
    outcomeOf(runtime, model, tokens, options);
  const dense = (await run({ esa: null })).logits;
  const noise = relativeError(dense, (await run({ esa: null, flashAttention: false })).logits);
  const ways: SelfTestWay[] = [];
  let far: Outcome | null = null;
  for (const portable of [true, false]) {
    const local = await run({ esa: { ...ESA, portable, nLocal: 2 * TOKENS, nTop: 1 } });
    const all = await run({ esa: { ...ESA, portable, positions: "true" } });
    const checks = [
      check("everything is local", dense, local.logits, noise),
      check("everything is selected, at true positions", dense, all.logits, noise),
    ];
    // Far positions have no dense counterpart: what the stock operations give is the measure of the own ones.
    const away = await run({ esa: { ...ESA, portable } });
    const chosen = await run({ esa: { ...ESA, portable, nTop: FEW_TOP, trace: true } });
    if (far !== null) {
      const others = shareOfOthers(far.selection, chosen.selection);
      checks.push(check("far tokens, as by stock operations", far.logits, away.logits, noise));
      checks.push({ name: "selected tokens, as by stock operations", ok: others <= MOST_OTHERS, error: others });
    }
    far = { logits: away.logits, selection: chosen.selection };
    ways.unshift({
      name: portable ? "stock operations" : "own operations",
      ok: checks.every((entry) => entry.ok),
      checks,
    });
  }
  return { ok: ways.every((way) => way.ok), model: name, tokens: tokens.length, noise, ways, error: null };
}

function testTokens(model: LoadedModel): Int32Array {
  const text = model.tokenize(TEXT);
  // The tiny random model spells text in bytes; any tokens will do for it, and for a text that is too short.
  return Int32Array.from({ length: TOKENS }, (_, index) => text[index % text.length] ?? index);
}

interface Outcome {
  readonly logits: Float32Array;
  /** By layer, what the last chunk selected. */
  readonly selection: readonly Int32Array[];
}

async function outcomeOf(
  runtime: LlamaRuntime,
  model: LoadedModel,
  tokens: Int32Array,
  options: Pick<ContextOptions, "esa" | "flashAttention">,
): Promise<Outcome> {
  const context = await runtime.native.createContext(model.handle, {
    contextSize: 2 * TOKENS,
    batchSize: 64,
    ...options,
  });
  try {
    await context.prefill(tokens.subarray(0, -1));
    await context.prefill(tokens.subarray(-1)); // an answer's tokens come one by one, through kernels of their own
    const traced = options.esa?.trace === true;
    const selection = traced ? Array.from({ length: context.layers }, (_, layer) => context.trace(layer)) : [];
    return { logits: context.logits(), selection };
  } finally {
    await context.dispose();
  }
}

/** Share of the selected tokens that only one of the two has, over all layers. */
function shareOfOthers(expected: readonly Int32Array[], actual: readonly Int32Array[]): number {
  let others = 0;
  let all = 0;
  expected.forEach((tokens, layer) => {
    const there = new Set(actual[layer]);
    others += tokens.filter((token) => !there.has(token)).length;
    all += tokens.length;
  });
  return all === 0 ? 1 : others / all;
}

function check(name: string, expected: Float32Array, actual: Float32Array, noise: number): SelfTestCheck {
  const error = relativeError(expected, actual);
  const allowed = TIMES_NOISE * noise + LEAST_NOISE;
  const sameToken = indexOfLargest(expected) === indexOfLargest(actual);
  return { name, ok: error <= allowed && (sameToken || isTie(expected, actual, allowed)), error };
}

/** Root mean square of the differences over the standard deviation of what is expected. */
function relativeError(expected: Float32Array, actual: Float32Array): number {
  const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
  let difference = 0;
  let variance = 0;
  expected.forEach((value, index) => {
    difference += (value - (actual[index] ?? Number.NaN)) ** 2;
    variance += (value - mean) ** 2;
  });
  return Math.sqrt(difference / variance);
}

/** Two tokens within the noise of each other may change places. */
function isTie(expected: Float32Array, actual: Float32Array, allowed: number): boolean {
  const first = expected[indexOfLargest(expected)] ?? 0;
  const other = expected[indexOfLargest(actual)] ?? 0;
  return Math.abs(first - other) <= allowed * Math.max(1, Math.abs(first));
}

function indexOfLargest(values: Float32Array): number {
  let best = 0;
  values.forEach((value, index) => {
    if (value > (values[best] ?? Number.NEGATIVE_INFINITY)) best = index;
  });
  return best;
}
