import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { BLOCKS, tensorBytes, writeGguf } from "../../../src/engine/bench/gguf";
import { ensureRandomModel, shapes, weightBytes } from "../../../src/engine/bench/randomModel";
import { MODELS_DIR_VARIABLE, presentModels, resolveModel } from "../../../src/engine/model/files";
import { readGgufFacts } from "../../../src/engine/model/gguf";
import { LongsightError } from "../../../src/shared/errors";

async function rejects(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof LongsightError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  });
}

describe("model files", function () {
  this.timeout(30_000);
  let dir: string;
  const usual = process.env[MODELS_DIR_VARIABLE];

  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), "longsight-models-"));
    process.env[MODELS_DIR_VARIABLE] = "";
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
    process.env[MODELS_DIR_VARIABLE] = usual ?? "";
  });

  const put = (folder: string, id: string, text = "GGUF"): string => {
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${id}.gguf`);
    writeFileSync(file, text);
    return file;
  };

  describe("which file a choice means", () => {
    it("an id: the data folder, then the folder of LONGSIGHT_MODELS_DIR", async () => {
      const extra = path.join(dir, "extra");
      process.env[MODELS_DIR_VARIABLE] = extra;
      const other = put(extra, "smollm2-135m-instruct");
      assert.equal((await resolveModel("smollm2-135m-instruct", dir)).path, other);
      const own = put(path.join(dir, "models"), "smollm2-135m-instruct");
      assert.equal((await resolveModel("SmolLM2-135M-Instruct", dir)).path, own);
    });
    it("nothing: the most able model that is here", async () => {
      put(path.join(dir, "models"), "qwen2.5-coder-1.5b-instruct");
      put(path.join(dir, "models"), "smollm2-135m-instruct");
      assert.equal((await resolveModel("", dir)).id, "qwen2.5-coder-1.5b-instruct");
      assert.equal((await presentModels(dir)).length, 2);
    });
    it("a path: any GGUF, under its own name", async () => {
      const file = put(dir, "my-model");
      const model = await resolveModel(file, dir);
      assert.deepEqual([model.id, model.path, model.sizeBytes, model.entry], ["my-model", file, 4, null]);
    });
    it("says what is wrong with a choice", async () => {
      await rejects(resolveModel("", dir), "LS-306", /No model/);
      await rejects(resolveModel("smollm2-135m-instruct", dir), "LS-302", /smollm2-135m-instruct/);
      await rejects(resolveModel(path.join(dir, "none.gguf"), dir), "LS-301", /none\.gguf/);
      await rejects(resolveModel(put(dir, "text", "<!DOCTYPE html>"), dir), "LS-303", /text\.gguf/);
    });
  });

  describe("GGUF files", () => {
    it("a random model says its shape, and has the size that was foretold", async () => {
      const file = await ensureRandomModel("tiny", dir);
      const facts = await readGgufFacts(file);
      const { architecture, layers, heads, kvHeads, headDim } = shapes.tiny;
      assert.deepEqual(
        [facts.architecture, facts.layers, facts.heads, facts.kvHeads, facts.headDim, facts.hasChatTemplate],
        [architecture, layers, heads, kvHeads, headDim, false],
      );
      const size = readFileSync(file).length;
      assert.ok(size > weightBytes(shapes.tiny) && size < weightBytes(shapes.tiny) + 64 * 1024);
    });
    it("is the same file every time", async () => {
      const [one, other] = [path.join(dir, "one"), path.join(dir, "other")];
      const first = readFileSync(await ensureRandomModel("tiny", one));
      assert.ok(first.equals(readFileSync(await ensureRandomModel("tiny", other))));
    });
    it("a cut one is refused with both sizes", async () => {
      const file = await ensureRandomModel("tiny", dir);
      truncateSync(file, readFileSync(file).length - 100_000);
      await rejects(readGgufFacts(file), "LS-303", /cut off: \d+ bytes of at least \d+/);
      truncateSync(file, 600);
      await rejects(readGgufFacts(file), "LS-303", /header is damaged or cut off/);
    });
    it("a GGUF without a language model is refused", async () => {
      const file = path.join(dir, "image.gguf");
      const fill = (buffer: Buffer): void => void buffer.fill(0);
      await writeGguf(file, { "general.architecture": { type: "string", value: "clip" } }, [
        { name: "a", dimensions: [32], type: "f32", fill },
      ]);
      await rejects(readGgufFacts(file), "LS-303", /not a language model/);
    });
    it("blocks of q4_0: 18 bytes for 32 numbers, whole rows only", () => {
      assert.deepEqual(BLOCKS.q4_0, { elements: 32, bytes: 18 });
      assert.equal(tensorBytes({ name: "w", dimensions: [64, 3], type: "q4_0" }), 2 * 18 * 3);
      assert.throws(() => tensorBytes({ name: "w", dimensions: [33, 3], type: "q4_0" }), RangeError);
    });
  });
});
