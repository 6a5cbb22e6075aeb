import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { LoadedModel } from "../../src/engine/model/llama";
import { decodeSelection, type Native, type NativeContext } from "../../src/engine/native";
import { loadTinyModel, rejectsWith, scratchFolder, SMALL_ESA, someTokens, startLlama, withContext } from "./support";

describe("addon: segments", () => {
  const dir = scratchFolder();
  const esa = SMALL_ESA;
  const key = "model, parameters, prefix";
  const prefix = someTokens(32, 1);
  const one = someTokens(96, 2);
  const two = someTokens(75, 3);
  const files = { one: path.join(dir, "one.segment"), two: path.join(dir, "two.segment") };
  let native: Native;
  let model: LoadedModel;

  /** Logits and selection of a continuation; the cache is as before afterwards. */
  const goOn = async (context: NativeContext): Promise<{ logits: Float32Array; selected: Int32Array[] }> => {
    const end = context.length;
    const { trace } = await context.prefill(someTokens(20, 9), { trace: true });
    const result = { logits: context.logits(), selected: decodeSelection(trace ?? new Uint8Array()) };
    await context.remove(end);
    return result;
  };

  before(async () => {
    ({ native } = await startLlama());
    model = await loadTinyModel(dir);
    await withContext(model, { esa }, async (scratch) => {
      await scratch.prefill(prefix);
      for (const [file, tokens] of [[files.one, one] as const, [files.two, two] as const]) {
        await scratch.prefill(tokens);
        await scratch.segmentSave(file, key, prefix.length, tokens);
        await scratch.remove(prefix.length);
      }
    });
  });
  after(() => model.dispose());

  it("continue bit by bit as if their tokens had been read", async () => {
    const want = await withContext(model, { esa }, async (context) => {
      await context.prefill(prefix);
      await context.prefill(one);
      return goOn(context);
    });
    assert.ok(want.selected.every((tokens) => tokens.length === esa.nInit + esa.nTop));
    await withContext(model, { esa }, async (context) => {
      assert.ok(context.supportsSegments);
      await context.prefill(prefix);
      assert.deepEqual(await context.segmentLoad(files.one, key), one);
      assert.equal(context.length, prefix.length + one.length);
      assert.throws(() => context.logits(), { code: "NO_LOGITS" });
      assert.deepEqual(await goOn(context), want);
    });
  });

  it("may come and go in any order, from files or from another context", async () => {
    const want = await withContext(model, { esa }, async (context) => {
      await context.prefill(prefix);
      await context.segmentLoad(files.one, key);
      await context.segmentLoad(files.two, key);
      return goOn(context);
    });
    await withContext(model, { esa }, async (context) => {
      await context.prefill(prefix);
      await context.segmentLoad(files.two, key);
      await context.segmentLoad(files.one, key);
      await context.remove(prefix.length, prefix.length + two.length);
      await withContext(model, { esa }, async (source) => {
        await source.segmentLoad(files.two, key);
        await context.segmentCopy(source, 0, two.length);
        assert.equal(source.length, two.length);
      });
      assert.equal(context.length, prefix.length + one.length + two.length);
      assert.deepEqual(await goOn(context), want);
    });
  });

  it("tell their tokens without being loaded", async () => {
    assert.deepEqual(await native.segmentPeek(files.two, key), two);
    await rejectsWith(() => native.segmentPeek(files.two, "another key"), "BAD_FILE");
  });

  it("leave the context as it was when they are damaged, of something else, or do not fit", () =>
    withContext(model, { esa }, async (context) => {
      await context.prefill(prefix);
      await context.segmentLoad(files.one, key);
      const want = await goOn(context);
      const length = context.length;
      const bytes = readFileSync(files.two);
      const bad = path.join(dir, "bad.segment");
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      for (const content of [altered, bytes.subarray(0, -1), Buffer.alloc(0)]) {
        writeFileSync(bad, content);
        await rejectsWith(() => context.segmentLoad(bad, key), "BAD_FILE");
        assert.equal(context.length, length);
      }
      await rejectsWith(() => context.segmentLoad(files.two, "another key"), "BAD_FILE");
      await rejectsWith(() => context.segmentLoad(path.join(dir, "nothing"), key), "BAD_FILE");
      await rejectsWith(() => context.segmentSave(path.join(dir, "x"), key, length - 1, two), "BAD_ARGUMENT");
      assert.ok(!existsSync(path.join(dir, "x")));
      assert.deepEqual(await goOn(context), want);

      while (context.length + one.length <= context.contextSize) await context.segmentLoad(files.one, key);
      const full = context.length;
      await rejectsWith(() => context.segmentLoad(files.one, key), "FULL");
      assert.equal(context.length, full);
      await context.remove(length);
      assert.deepEqual(await goOn(context), want);
    }));

  it("are copied only between two contexts of the same model that are idle", () =>
    withContext(model, { esa }, (source) =>
      withContext(model, { esa }, async (context) => {
        await source.prefill(one);
        await rejectsWith(() => context.segmentCopy(context, 0, 1), "BAD_ARGUMENT");
        await rejectsWith(() => context.segmentCopy(source, 90, 7), "BAD_ARGUMENT");
        const running = source.prefill(two);
        await rejectsWith(() => context.segmentCopy(source, 0, 1), "BUSY");
        await running;
        const other = await loadTinyModel(dir, { layers: 2 });
        await withContext(other, { esa }, (foreign) =>
          rejectsWith(() => foreign.segmentCopy(source, 0, 1), "BAD_ARGUMENT"),
        );
        await other.dispose();
        await source.dispose();
        await rejectsWith(() => context.segmentCopy(source, 0, 1), "DISPOSED");
        assert.equal(context.length, 0);
      }),
    ));

  it("are not there for dense contexts", () =>
    withContext(model, { esa: null }, async (context) => {
      assert.equal(context.supportsSegments, false);
      await context.prefill(one);
      await rejectsWith(() => context.segmentSave(path.join(dir, "x"), key, 0, one), "UNSUPPORTED");
      await rejectsWith(() => context.segmentLoad(files.one, key), "UNSUPPORTED");
    }));
});
