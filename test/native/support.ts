import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { LongsightError } from "../../src/shared/errors";
import type {
  ContextOptions,
  EsaOptions,
  GeneratedToken,
  GenerateOptions,
  GenerateResult,
} from "../../src/engine/native";
import { type NativeContext, NativeError, type NativeErrorCode } from "../../src/engine/native";
import { loadLlama, type LoadedModel, type LlamaRuntime } from "../../src/engine/model/llama";
import { TINY_VOCABULARY, type TinyShape, writeTinyModel } from "./tinyModel";

/** llama.cpp on the CPU: what these tests compare must not depend on a GPU. */
export function startLlama(): Promise<LlamaRuntime> {
  return loadLlama({ gpu: "cpu" });
}

/** A folder that goes away with the suite that asks for it. */
export function scratchFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "longsight-native-"));
  after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export async function loadTinyModel(dir: string, shape: TinyShape = {}): Promise<LoadedModel> {
  const file = path.join(dir, `tiny-${JSON.stringify(shape).replace(/\W/g, "")}.gguf`);
  writeTinyModel(file, shape);
  return (await startLlama()).loadModel(file);
}

/** Tokens without meaning, the same for the same seed; never special ones. */
export function someTokens(count: number, seed = 1): Int32Array {
  let state = seed;
  return Int32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return 3 + ((state >> 8) % (TINY_VOCABULARY - 3));
  });
}

/** Selective attention small enough for tiny models: most tokens of a context of 256 are in the middle. */
export const SMALL_ESA: EsaOptions = { nInit: 8, nLocal: 32, nTop: 24, projections: null };

export const SMALL_CONTEXT: ContextOptions = { contextSize: 512, batchSize: 32, threads: 2, esa: null };

/** Runs `use` with a context that is disposed afterwards. */
export async function withContext<T>(
  model: LoadedModel,
  options: Partial<ContextOptions>,
  use: (context: NativeContext) => Promise<T>,
): Promise<T> {
  const { native } = await startLlama();
  const context = await native.createContext(model.handle, { ...SMALL_CONTEXT, ...options });
  try {
    return await use(context);
  } finally {
    await context.dispose();
  }
}

/** All tokens of an answer and why it ended. */
export async function collect(
  context: NativeContext,
  options: GenerateOptions,
): Promise<{ readonly steps: GeneratedToken[]; readonly tokens: number[]; readonly result: GenerateResult }> {
  const steps: GeneratedToken[] = [];
  const generator = context.generate(options);
  for (;;) {
    const step = await generator.next();
    if (step.done === true) return { steps, tokens: steps.map(({ token }) => token), result: step.value };
    steps.push(step.value);
  }
}

export async function rejectsWith(call: () => Promise<unknown>, code: NativeErrorCode): Promise<void> {
  await assert.rejects(call, (error) => error instanceof NativeError && error.code === code);
}

export async function rejectsForUser(call: () => Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof LongsightError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

/** Largest difference, as a share of the largest value. */
export function relativeError(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  let difference = 0;
  let largest = 0;
  a.forEach((value, index) => {
    difference = Math.max(difference, Math.abs(value - (b[index] ?? NaN)));
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / largest;
}
