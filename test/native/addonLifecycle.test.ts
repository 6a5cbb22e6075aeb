import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import type { ModelHandle, Native } from "../../src/engine/native";
import { loadLlama, type LlamaRuntime, type LoadedModel } from "../../src/engine/model/llama";
import {
  loadTinyModel,
  rejectsForUser,
  rejectsWith,
  scratchFolder,
  SMALL_CONTEXT,
  SMALL_ESA,
  someTokens,
  startLlama,
  withContext,
} from "./support";

describe("addon: lifetimes and failures", () => {
  const dir = scratchFolder();
  let runtime: LlamaRuntime;
  let native: Native;
  let model: LoadedModel;

  before(async () => {
    runtime = await startLlama();
    native = runtime.native;
    model = await loadTinyModel(dir);
  });
  after(() => model.dispose());

  it("allows one call at a time", () =>
    withContext(model, {}, async (context) => {
      const first = context.prefill(someTokens(300));
      await rejectsWith(() => context.prefill(someTokens(1)), "BUSY");
      await rejectsWith(() => context.remove(0, 0), "BUSY");
      await rejectsWith(() => Promise.resolve().then(() => context.logits()), "BUSY");
      await rejectsWith(() => Promise.resolve().then(() => context.memory), "BUSY");
      assert.ok(context.length >= 0);
      assert.equal((await first).done, 300);
      await context.prefill(someTokens(1));
      assert.equal(context.length, 301);
    }));

  it("runs contexts of one model side by side", async () => {
    const lengths = await Promise.all(
      [null, SMALL_ESA, null, SMALL_ESA].map((esa, index) =>
        withContext(model, { esa }, async (context) => {
          await context.prefill(someTokens(200 + index));
          return context.length;
        }),
      ),
    );
    assert.deepEqual(lengths, [200, 201, 202, 203]);
  });

  it("can be disposed in the middle of a call, and more than once", async () => {
    const context = await native.createContext(model.handle, SMALL_CONTEXT);
    const running = context.prefill(someTokens(500));
    const disposed = [context.dispose(), context.dispose()];
    const outcome = await running.then(
      ({ aborted, done }) => aborted || done === 500,
      (error: unknown) => (error as { code?: string }).code === "DISPOSED",
    );
    assert.ok(outcome);
    await Promise.all(disposed);
    await rejectsWith(() => context.prefill(someTokens(1)), "DISPOSED");
    await rejectsWith(() => context.clear(), "DISPOSED");
    await rejectsWith(() => Promise.resolve().then(() => context.length), "DISPOSED");
    await context.dispose();
  });

  it("survives contexts that nobody disposed", async () => {
    for (let i = 0; i < 20; i++) await native.createContext(model.handle, { ...SMALL_CONTEXT, esa: SMALL_ESA });
    await withContext(model, {}, (context) => context.prefill(someTokens(10)));
  });

  it("makes, uses and frees a thousand contexts in the same memory", async function () {
    this.timeout(240_000);
    const use = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await withContext(model, { esa: i % 2 === 0 ? SMALL_ESA : null }, (context) => context.prefill(someTokens(40)));
      }
    };
    await use(200);
    const before = process.memoryUsage.rss();
    await use(1000);
    const grown = process.memoryUsage.rss() - before;
    // one of these contexts takes more than 1 MB, so even a tenth of them would be seen beside what V8 keeps
    assert.ok(grown < 64 * 2 ** 20, `${grown} bytes more`);
  });

  it("keeps a model loaded until its contexts are disposed, and refuses it afterwards", async () => {
    const own = await loadTinyModel(dir, { seed: 2 });
    const { handle } = own;
    const context = await native.createContext(handle, SMALL_CONTEXT);
    let gone = false;
    const disposed = own.dispose().then(() => (gone = true));
    await context.prefill(someTokens(100));
    assert.ok(!gone);
    await rejectsWith(() => native.createContext(handle, SMALL_CONTEXT), "BAD_MODEL");
    await context.dispose();
    await disposed;
    await rejectsWith(() => native.createContext(handle, SMALL_CONTEXT), "BAD_MODEL");
    await rejectsWith(() => Promise.resolve().then(() => native.unsupportedReason(handle)), "BAD_MODEL");
  });

  it("refuses what is not a model", async () => {
    const { _model: inner } = model.handle as unknown as { _model: object };
    for (const value of [{}, null, 7, "model", { _model: {} }, { _model: inner }, inner, native]) {
      await rejectsWith(() => native.createContext(value as ModelHandle, SMALL_CONTEXT), "BAD_MODEL");
    }
  });

  it("refuses options that make no sense, naming them", async () => {
    const attempt = (options: Record<string, unknown>) => () =>
      native.createContext(model.handle, { ...SMALL_CONTEXT, ...options });
    for (const [name, value] of [
      ["contextSize", 0],
      ["contextSize", 1.5],
      ["contextSize", "512"],
      ["batchSize", 0],
      ["threads", -1],
      ["kvType", "q3"],
      ["esa", 7],
      ["esa", { ...SMALL_ESA, nTop: 0 }],
      ["esa", { ...SMALL_ESA, nTop: -1 }],
      ["esa", { ...SMALL_ESA, nLocal: 0 }],
      ["esa", { ...SMALL_ESA, proximity: 1e9 }],
      ["esa", { ...SMALL_ESA, positions: "near" }],
      ["esa", { ...SMALL_ESA, proximity: NaN }],
    ] as const) {
      await rejectsWith(attempt({ [name]: value }), "BAD_ARGUMENT");
      await assert.rejects(attempt({ [name]: value }), new RegExp(name));
    }
  });

  it("says how much memory is missing, and goes on", async () => {
    for (const esa of [null, SMALL_ESA]) {
      await rejectsForUser(
        () => native.createContext(model.handle, { ...SMALL_CONTEXT, contextSize: 2 ** 29, esa }),
        "LS-201",
        /536870912 tokens: [\d.]+ GB needed, [\d.]+ GB free/,
      );
    }
    await withContext(model, {}, (context) => context.prefill(someTokens(10)));
  });

  it("passes on what a progress callback throws, and stays usable", () =>
    withContext(model, {}, async (context) => {
      const failing = context.prefill(someTokens(400), {
        onProgress: () => {
          throw new RangeError("from the callback");
        },
      });
      await assert.rejects(failing, /from the callback/);
      await context.clear();
      await context.prefill(someTokens(10));
      assert.equal(context.length, 10);
    }));

  it("lets the process exit in the middle of a prefill", function () {
    this.timeout(120_000);
    const script = path.join(__dirname, "exitWhileReading.ts");
    const run = spawnSync(process.execPath, ["--import", "tsx", script, dir], { encoding: "utf8", timeout: 100_000 });
    assert.equal(run.signal, null, run.stderr);
    assert.equal(run.status, 7, run.stderr);
    assert.equal(run.stdout, "reading\n");
  });

  it("does not change the backend of a running process", async () => {
    await rejectsForUser(() => Promise.resolve().then(() => loadLlama({ gpu: "cuda" })), "LS-203", /cuda/);
  });
});
