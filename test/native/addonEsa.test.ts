import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { decodeSelection, type Native, type NativeContext } from "../../src/engine/native";
import type { LoadedModel } from "../../src/engine/model/llama";
import {
  collect,
  loadTinyModel,
  rejectsForUser,
  rejectsWith,
  scratchFolder,
  SMALL_ESA,
  someTokens,
  startLlama,
  withContext,
} from "./support";

describe("addon: selective attention", () => {
  const dir = scratchFolder();
  const esa = SMALL_ESA;
  let native: Native;
  let model: LoadedModel;

  before(async () => {
    ({ native } = await startLlama());
    model = await loadTinyModel(dir);
  });
  after(() => model.dispose());

  it("runs on this architecture", () => {
    assert.equal(native.unsupportedReason(model.handle), null);
    assert.equal(model.facts.denseReason, null);
  });

  it("reports what the last chunk selected, by layer", () =>
    withContext(model, { esa }, async (context) => {
      const { trace } = await context.prefill(someTokens(256), { trace: true });
      assert.ok(trace !== null);
      const layers = decodeSelection(trace);
      assert.equal(layers.length, context.layers);
      const start = 256 - 32;
      for (const [layer, tokens] of layers.entries()) {
        assert.deepEqual(context.trace(layer), tokens);
        assert.equal(tokens.length, esa.nInit + esa.nTop);
        assert.ok(tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? Infinity)));
        assert.deepEqual([...tokens.subarray(0, esa.nInit)], [0, 1, 2, 3, 4, 5, 6, 7]);
        assert.ok((tokens.at(-1) ?? Infinity) < start - esa.nLocal);
      }
    }));

  it("reports what every chunk selected", () =>
    withContext(model, { esa }, async (context) => {
      await context.prefill(someTokens(128, 2));
      const tokens = someTokens(100, 5);
      const { trace, traces } = await context.prefill(tokens, { traces: true });
      assert.equal(trace, null);
      assert.equal(traces.length, 4);
      await context.remove(128);
      const apart: Uint8Array[] = [];
      for (let at = 0; at < 100; at += 32) {
        const chunk = await context.prefill(tokens.subarray(at, at + 32), { trace: true });
        assert.deepEqual(chunk.traces, []);
        if (chunk.trace !== null) apart.push(chunk.trace);
      }
      assert.deepEqual(traces, apart);
      await context.remove(128);
      const controller = new AbortController();
      const stopped = await context.prefill(tokens, {
        trace: true,
        traces: true,
        signal: controller.signal,
        onProgress: () => controller.abort(),
      });
      assert.equal(stopped.trace, null);
      assert.deepEqual(stopped.traces, apart.slice(0, Math.ceil(stopped.done / 32)));
    }));

  it("reports what each step of an answer selected", () =>
    withContext(model, { esa }, async (context) => {
      const question = await context.prefill(someTokens(256, 5), { trace: true });
      const { steps } = await collect(context, { maxTokens: 6, trace: true });
      assert.ok(steps.length > 1);
      assert.deepEqual(steps[0]?.trace, question.trace);
      for (const [index, { trace }] of steps.slice(1).entries()) {
        assert.ok(trace !== null);
        for (const tokens of decodeSelection(trace)) {
          assert.equal(tokens.length, esa.nInit + esa.nTop);
          assert.ok((tokens.at(-1) ?? Infinity) <= 256 + index - esa.nLocal);
        }
      }
    }));

  it("reports nothing when it is not asked to", async () => {
    await withContext(model, { esa: { ...esa, trace: false } }, async (context) => {
      assert.equal((await context.prefill(someTokens(128), { trace: true })).trace, null);
    });
    await withContext(model, { esa }, async (context) => {
      await context.prefill(someTokens(128));
      const { steps } = await collect(context, { maxTokens: 2 });
      assert.ok(steps.every(({ trace }) => trace === null));
    });
  });

  describe("snapshots", () => {
    const key = "model, parameters, build";
    const tokens = someTokens(200);

    const continuation = async (context: NativeContext): Promise<Float32Array> => {
      await context.prefill(someTokens(10, 9));
      return context.logits();
    };

    const write = async (name: string): Promise<{ file: string; logits: Float32Array }> => {
      const file = path.join(dir, name);
      const logits = await withContext(model, { esa }, async (context) => {
        await context.prefill(tokens);
        await context.snapshotSave(file, key, tokens);
        return continuation(context);
      });
      return { file, logits };
    };

    it("continue bit by bit as the original", async () => {
      const { file, logits } = await write("good.snapshot");
      assert.deepEqual(await native.peekSnapshot(file, key), tokens);
      await withContext(model, { esa }, async (context) => {
        await context.prefill(someTokens(40, 8)); // what was there goes
        assert.deepEqual(await context.snapshotLoad(file, key), tokens);
        assert.equal(context.length, tokens.length);
        assert.deepEqual(await continuation(context), logits);
      });
    });

    it("are refused when cut off, altered, missing or of something else, and leave an empty context", async () => {
      const { file } = await write("whole.snapshot");
      const bytes = readFileSync(file);
      const altered = path.join(dir, "altered.snapshot");
      const damaged: [string, () => Buffer][] = [
        ["cut in half", () => bytes.subarray(0, bytes.length / 2)],
        ["cut by one byte", () => bytes.subarray(0, -1)],
        ["empty", () => Buffer.alloc(0)],
        ["another kind of file", () => Buffer.from("GGUF".repeat(100))],
        ...[4, 100, bytes.length >> 1, bytes.length - 20].map((at): [string, () => Buffer] => [
          `a byte changed at ${at}`,
          () => {
            const copy = Buffer.from(bytes);
            copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
            return copy;
          },
        ]),
      ];
      await withContext(model, { esa }, async (context) => {
        for (const [, make] of damaged) {
          writeFileSync(altered, make());
          await rejectsWith(() => context.snapshotLoad(altered, key), "BAD_FILE");
          assert.equal(context.length, 0);
        }
        await rejectsWith(() => context.snapshotLoad(file, "another key"), "BAD_FILE");
        await rejectsWith(() => context.snapshotLoad(path.join(dir, "nothing"), key), "BAD_FILE");
        await rejectsWith(() => native.peekSnapshot(file, "another key"), "BAD_FILE");
        assert.deepEqual(await context.snapshotLoad(file, key), tokens);
      });
      const other = await loadTinyModel(dir, { layers: 2 });
      await withContext(other, { esa }, (context) => rejectsWith(() => context.snapshotLoad(file, key), "BAD_FILE"));
      await other.dispose();
    });

    it("need the tokens that are in the cache", () =>
      withContext(model, { esa }, async (context) => {
        await context.prefill(tokens);
        const file = path.join(dir, "wrong.snapshot");
        await rejectsWith(() => context.snapshotSave(file, key, tokens.subarray(1)), "BAD_ARGUMENT");
        assert.ok(!existsSync(file));
        await rejectsWith(() => context.snapshotSave(path.join(dir, "no", "folder"), key, tokens), "BAD_FILE");
      }));
  });

  describe("calibration", () => {
    const texts = Array.from({ length: 8 }, (_, index) => someTokens(256, 20 + index));

    it("writes projections that a context takes", async () => {
      const file = path.join(dir, "projections.gguf");
      const stages = new Set<string>();
      await native.calibrate(model.handle, {
        tokens: texts,
        nProj: 16,
        vote: "norm",
        nLocal: esa.nLocal,
        threads: 2,
        path: file,
        onProgress: (stage, done, total) => {
          stages.add(stage);
          assert.ok(done >= 0 && done <= total);
        },
      });
      assert.deepEqual([...stages], ["read", "solve"]);
      await withContext(model, { esa: { ...esa, projections: file } }, async (context) => {
        const { trace } = await context.prefill(someTokens(256), { trace: true });
        assert.ok(trace !== null);
        assert.ok(decodeSelection(trace).every((tokens) => tokens.length === esa.nInit + esa.nTop));
      });
    });

    it("ends when aborted, and leaves no file", async () => {
      const file = path.join(dir, "aborted.gguf");
      const controller = new AbortController();
      const options = {
        tokens: texts,
        nProj: 16,
        vote: "sum",
        nLocal: esa.nLocal,
        path: file,
        signal: controller.signal,
      } as const;
      await rejectsForUser(
        () => native.calibrate(model.handle, { ...options, onProgress: () => controller.abort() }),
        "LS-900",
        /Cancelled/,
      );
      await rejectsForUser(() => native.calibrate(model.handle, options), "LS-900", /Cancelled/);
      assert.ok(!existsSync(file));
    });

    it("refuses tokens outside the vocabulary and widths that make no sense", async () => {
      const options = {
        tokens: texts,
        nProj: 16,
        vote: "norm",
        nLocal: esa.nLocal,
        path: path.join(dir, "x.gguf"),
      } as const;
      const bad = { ...options, tokens: [Int32Array.of(1, 2, 100_000)] };
      await rejectsWith(() => native.calibrate(model.handle, bad), "BAD_ARGUMENT");
      await rejectsWith(() => native.calibrate(model.handle, { ...options, nProj: 0 }), "BAD_ARGUMENT");
      await rejectsWith(() => native.calibrate(model.handle, { ...options, nProj: 1000 }), "BAD_ARGUMENT");
      await assert.rejects(
        native.calibrate(model.handle, { ...options, nProj: 1000 }),
        /projected width of 1000 does not compress keys of width \d+/,
      );
      await rejectsWith(() => native.calibrate(model.handle, { ...options, tokens: [] }), "BAD_ARGUMENT");
    });

    it("projections that are damaged, missing or of another model are refused", async () => {
      const good = path.join(dir, "good.gguf");
      await native.calibrate(model.handle, { tokens: texts, nProj: 16, vote: "norm", nLocal: esa.nLocal, path: good });
      const cut = path.join(dir, "cut.gguf");
      copyFileSync(good, cut);
      writeFileSync(cut, readFileSync(good).subarray(0, -100));
      const altered = path.join(dir, "altered.gguf");
      const bytes = readFileSync(good);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      writeFileSync(altered, bytes);
      const other = await loadTinyModel(dir, { layers: 2, kvHeads: 4 });
      try {
        const create = (owner: LoadedModel, projections: string) => () =>
          withContext(owner, { esa: { ...esa, projections } }, () => Promise.resolve());
        await rejectsWith(create(model, cut), "BAD_FILE");
        await rejectsWith(create(model, altered), "BAD_FILE");
        await assert.rejects(create(model, altered), /altered\.gguf: the contents of the file were altered/);
        await assert.rejects(create(other, good), /made for another model/);
        const elsewhere = { ...esa, projections: good, nLocal: esa.nLocal + 1 };
        await assert.rejects(
          withContext(model, { esa: elsewhere }, () => Promise.resolve()),
          /another kind of scoring or another n_local/,
        );
        await rejectsWith(create(model, path.join(dir, "nothing.gguf")), "BAD_FILE");
        await rejectsWith(create(other, good), "BAD_FILE");
      } finally {
        await other.dispose();
      }
    });
  });
});
