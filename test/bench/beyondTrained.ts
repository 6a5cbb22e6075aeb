/**
 * Shows what dense and selective attention make of a context longer than the model was trained on: the same prompt, the
 * same greedy decoding, once with each. The prompt is real text of a folder, cut to a length, and one question about it.
 *
 *   npx tsx test/bench/beyondTrained.ts MODEL.gguf FOLDER LENGTH [QUESTION]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadLlama, type LoadedModel } from "../../src/engine/model/llama";
import type { Native } from "../../src/engine/native";
import { createReader } from "../../src/engine/workspace/reader";
import { folderRoot, takeSnapshot } from "../../src/engine/workspace/walk";

const ANSWER_TOKENS = 96;
const CALIBRATION_TOKENS = 4096;

/** Share of the answer's 4-grams that are new: 1 for prose, near 0 for a loop. */
function variety(tokens: readonly number[]): number {
  const grams = tokens.slice(3).map((_, index) => tokens.slice(index, index + 4).join());
  return grams.length === 0 ? 1 : new Set(grams).size / grams.length;
}

async function textOf(folder: string): Promise<string> {
  const root = folderRoot(folder);
  const snapshot = await takeSnapshot({ roots: [root], maxFileBytes: 262_144, exclude: [] });
  const read = createReader();
  const texts: string[] = [];
  for (const document of snapshot.documents) texts.push(`### ${document.path}\n${await read(document)}\n`);
  return texts.join("\n");
}

async function answer(native: Native, model: LoadedModel, prompt: Int32Array, projections: string | null) {
  const esa = projections === null ? null : { nInit: 128, nLocal: 2048, nTop: 1024, projections };
  const context = await native.createContext(model.handle, { contextSize: prompt.length + 2 * ANSWER_TOKENS, esa });
  try {
    const began = performance.now();
    await context.prefill(prompt);
    const seconds = (performance.now() - began) / 1000;
    const tokens: number[] = [];
    for await (const { token } of context.generate({ maxTokens: ANSWER_TOKENS })) tokens.push(token);
    return { text: model.detokenize(Int32Array.from(tokens)), variety: variety(tokens), seconds };
  } finally {
    await context.dispose();
  }
}

async function main(): Promise<void> {
  const [file, folder, length, question = "What is this project, and what does it do? Answer in three sentences."] =
    process.argv.slice(2);
  if (file === undefined || folder === undefined || length === undefined) throw new Error("MODEL.gguf FOLDER LENGTH");
  const llama = await loadLlama({ gpu: "auto" });
  const model = await llama.loadModel(file);
  const frame = await model.chatFrame("You answer questions about the files below.");
  const text = model.tokenize(await textOf(folder)).subarray(0, Number(length));
  const ask = model.tokenize(`\n\n${question}`);
  const prompt = Int32Array.from([...frame.before, ...text, ...ask, ...frame.after]);
  const scratch = await mkdtemp(path.join(tmpdir(), "longsight-beyond-"));
  try {
    const projections = path.join(scratch, "projections.gguf");
    const tokens = [text.subarray(0, CALIBRATION_TOKENS)];
    await llama.native.calibrate(model.handle, { tokens, nProj: 64, vote: "sum", nLocal: 2048, path: projections });
    console.log(
      `${model.facts.description}, trained on ${model.facts.trainedContext}, reading ${prompt.length} tokens`,
    );
    for (const [name, of] of [
      ["dense", null],
      ["esa", projections],
    ] as const) {
      const result = await answer(llama.native, model, prompt, of);
      console.log(
        `\n[${name}] prefill ${result.seconds.toFixed(0)} s, variety ${result.variety.toFixed(2)}\n${result.text}`,
      );
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
