import assert from "node:assert/strict";
import type { LlamaModel, Token } from "node-llama-cpp";
import type { LlamaRuntime, LoadedModel } from "../../src/engine/model/llama";
import { requireEnv } from "../helpers/skip";
import {
  collect,
  loadTinyModel,
  rejectsWith,
  relativeError,
  scratchFolder,
  SMALL_ESA,
  someTokens,
  startLlama,
  withContext,
} from "./support";
import { TINY_VOCABULARY } from "./tinyModel";

/** Chunks of different sizes add floating-point numbers in a different order. */
const NOISE = 2e-3;

/** What node-llama-cpp's own context says after the same tokens. */
async function greedyByNodeLlamaCpp(model: LlamaModel, prompt: Int32Array, count: number): Promise<number[]> {
  const context = await model.createContext({ contextSize: 512, batchSize: 32, flashAttention: true });
  try {
    const tokens: number[] = [];
    const steps = context.getSequence().evaluate(Array.from(prompt) as Token[], { temperature: 0 });
    for await (const token of steps) {
      if (model.isEogToken(token)) break;
      tokens.push(token);
      if (tokens.length === count) break;
    }
    return tokens;
  } finally {
    await context.dispose();
  }
}

describe("addon: one context", () => {
  const dir = scratchFolder();
  let runtime: LlamaRuntime;
  let model: LoadedModel;

  before(async () => {
    runtime = await startLlama();
    model = await loadTinyModel(dir);
  });
  after(() => model.dispose());

  it("says what it is and where it can compute", () => {
    assert.match(runtime.native.buildId, /^[0-9a-f]{64}$/);
    assert.notEqual(runtime.native.version, "");
    const cpu = runtime.devices.find((device) => device.type === "cpu");
    assert.ok(cpu !== undefined && cpu.memoryTotal > 0);
    assert.equal(runtime.backend, "cpu");
  });

  for (const [name, esa] of [
    ["dense", null],
    ["ESA", SMALL_ESA],
  ] as const) {
    describe(name, () => {
      it("prefills in chunks and reports each of them", () =>
        withContext(model, { esa }, async (context) => {
          const seen: (readonly [number, number])[] = [];
          const result = await context.prefill(someTokens(100), {
            onProgress: (done, total) => seen.push([done, total]),
          });
          assert.deepEqual({ ...result }, { done: 100, aborted: false, trace: null, traces: [] });
          assert.equal(context.length, 100);
          assert.deepEqual(seen.at(-1), [100, 100]);
          assert.ok(seen.every(([done]) => done % 32 === 0 || done === 100));
          assert.equal(context.isEsa, esa !== null);
          const logits = context.logits();
          assert.equal(logits.length, TINY_VOCABULARY);
          assert.ok(logits.every(Number.isFinite));
        }));

      it("continues a prefill where the last one ended", async () => {
        const tokens = someTokens(96);
        const whole = await withContext(model, { esa }, async (context) => {
          await context.prefill(tokens);
          return context.logits();
        });
        await withContext(model, { esa }, async (context) => {
          await context.prefill(tokens.subarray(0, 64));
          await context.prefill(tokens.subarray(64));
          assert.ok(relativeError(whole, context.logits()) < NOISE);
        });
      });

      it("stops within a chunk when aborted, keeps what was finished, and goes on from there", async () => {
        const tokens = someTokens(320);
        const whole = await withContext(model, { esa }, async (context) => {
          await context.prefill(tokens);
          return context.logits();
        });
        await withContext(model, { esa }, async (context) => {
          const controller = new AbortController();
          const { done, aborted } = await context.prefill(tokens, {
            signal: controller.signal,
            onProgress: () => controller.abort(),
          });
          assert.ok(aborted && done < 320, `aborted ${aborted} after ${done}`);
          assert.equal(done % 32, 0);
          assert.equal(context.length, done);
          await rejectsWith(() => collect(context, { maxTokens: 1 }), "NO_LOGITS");
          await context.prefill(tokens.subarray(done));
          assert.ok(relativeError(whole, context.logits()) < NOISE);
        });
      });

      it("does nothing for a signal that was aborted before", () =>
        withContext(model, { esa }, async (context) => {
          const result = await context.prefill(someTokens(10), { signal: AbortSignal.abort() });
          assert.deepEqual({ ...result }, { done: 0, aborted: true, trace: null, traces: [] });
          assert.equal(context.length, 0);
        }));

      it("removes tokens from the end and from the middle", () =>
        withContext(model, { esa }, async (context) => {
          const tokens = someTokens(128);
          await context.prefill(tokens.subarray(0, 96));
          const before = context.logits();
          await context.prefill(tokens.subarray(96));
          await context.remove(64);
          assert.equal(context.length, 64);
          await context.prefill(tokens.subarray(64, 96));
          assert.ok(relativeError(before, context.logits()) < NOISE);
          await context.remove(40, 50);
          assert.equal(context.length, 86);
          await rejectsWith(() => Promise.resolve().then(() => context.logits()), "NO_LOGITS");
          await context.prefill(someTokens(5));
          assert.equal(context.length, 91);
          assert.ok(context.logits().every(Number.isFinite));
          await context.clear();
          assert.equal(context.length, 0);
        }));

      it("refuses what it cannot remove", () =>
        withContext(model, { esa }, async (context) => {
          await context.prefill(someTokens(20));
          await rejectsWith(() => context.remove(10, 5), "BAD_ARGUMENT");
          await rejectsWith(() => context.remove(0, 21), "BAD_ARGUMENT");
          await rejectsWith(() => context.remove(-1, 2), "BAD_ARGUMENT");
          assert.equal(context.length, 20);
        }));

      it("draws the same tokens for the same seed, others for another", () =>
        withContext(model, { esa }, async (context) => {
          const prompt = someTokens(120);
          const draw = async (seed: number): Promise<number[]> => {
            await context.clear();
            await context.prefill(prompt);
            const sampling = { temperature: 1.5, topP: 0.99, minP: 0.001, stopTokens: [] };
            return (await collect(context, { maxTokens: 24, seed, ...sampling })).tokens;
          };
          const first = await draw(7);
          assert.deepEqual(await draw(7), first);
          assert.notDeepEqual(await draw(8), first);
        }));

      it("ends at maxTokens, at a stop token, and when the context is full", () =>
        withContext(model, { esa, contextSize: 256 }, async (context) => {
          const prompt = someTokens(200);
          const answer = async (options: { maxTokens: number; stopTokens?: number[] }) => {
            await context.clear();
            await context.prefill(prompt);
            return collect(context, options);
          };
          const free = await answer({ maxTokens: 8 });
          assert.equal(free.result.finish, "length");
          assert.equal(free.tokens.length, 8);
          const stop = free.tokens[4] ?? -1;
          const stopped = await answer({ maxTokens: 8, stopTokens: [stop] });
          assert.deepEqual({ ...stopped.result }, { finish: "stop", endToken: stop });
          assert.deepEqual(stopped.tokens, free.tokens.slice(0, free.tokens.indexOf(stop)));
          const full = await answer({ maxTokens: 10_000 });
          assert.equal(full.result.finish, "full");
          assert.equal(context.length, context.contextSize);
        }));

      it("stops generating when aborted and when the loop is left", () =>
        withContext(model, { esa }, async (context) => {
          await context.prefill(someTokens(50));
          const controller = new AbortController();
          let count = 0;
          const generator = context.generate({ maxTokens: 100_000, signal: controller.signal });
          for (let step = await generator.next(); ; step = await generator.next()) {
            if (step.done === true) {
              assert.equal(step.value.finish, "abort");
              break;
            }
            if (++count === 3) controller.abort();
          }
          assert.ok(count < 400);
          await context.prefill(someTokens(3));
          for await (const { token } of context.generate({ maxTokens: 100_000 })) {
            assert.ok(token >= 0);
            break;
          }
          // the context is idle again
          await context.clear();
        }));

      it("needs something to continue", () =>
        withContext(model, { esa }, (context) => rejectsWith(() => collect(context, { maxTokens: 1 }), "NO_LOGITS")));

      it("refuses more tokens than fit, and tokens that the model does not have", () =>
        withContext(model, { esa, contextSize: 256 }, async (context) => {
          await rejectsWith(() => context.prefill(someTokens(257)), "FULL");
          assert.equal(context.length, 0);
          await rejectsWith(() => context.prefill(Int32Array.of(1, TINY_VOCABULARY)), "BAD_ARGUMENT");
          await rejectsWith(() => context.prefill(Int32Array.of(-1)), "BAD_ARGUMENT");
          await context.prefill(someTokens(256));
          assert.equal(context.length, 256);
          await rejectsWith(() => context.prefill(someTokens(1)), "FULL");
        }));

      it("names what it takes", () =>
        withContext(model, { esa }, (context) => {
          const { cache, selection, total } = context.memory;
          assert.ok(cache >= model.facts.kvBytesPerToken * context.contextSize);
          assert.equal(selection > 0, esa !== null);
          assert.ok(total >= cache + selection);
          assert.equal(context.layers, model.facts.layers);
          return Promise.resolve();
        }));

      it("can be filled for benchmarks", () =>
        withContext(model, { esa }, async (context) => {
          await context.benchFill(300);
          assert.equal(context.length, 300);
          await context.prefill(someTokens(2));
          assert.equal((await collect(context, { maxTokens: 2 })).tokens.length, 2);
        }));
    });
  }

  it("gives node-llama-cpp's own tokens when dense", async () => {
    let compared = 0;
    for (const seed of [3, 4, 5]) {
      const prompt = someTokens(90, seed);
      const expected = await greedyByNodeLlamaCpp(model.handle as unknown as LlamaModel, prompt, 24);
      await withContext(model, {}, async (context) => {
        await context.prefill(prompt);
        assert.deepEqual((await collect(context, { maxTokens: 24 })).tokens, expected);
      });
      compared += expected.length;
    }
    assert.ok(compared > 20);
  });

  it("gives node-llama-cpp's own tokens on a real model", async function () {
    this.timeout(180_000); // seconds on an idle machine
    const real = await runtime.loadModel(requireEnv(this, "LONGSIGHT_TEST_MODEL"));
    try {
      const frame = await real.chatFrame("You are a helpful assistant.");
      const question = real.tokenize("Name three colours of the rainbow.");
      const prompt = Int32Array.from([...frame.before, ...question, ...frame.after]);
      const expected = await greedyByNodeLlamaCpp(real.handle as unknown as LlamaModel, prompt, 32);
      await withContext(real, {}, async (context) => {
        await context.prefill(prompt);
        const { tokens } = await collect(context, { maxTokens: 32 });
        assert.deepEqual(tokens, expected);
        assert.match(real.detokenize(Int32Array.from(tokens)), /red|orange|yellow|green|blue|violet/i);
      });
    } finally {
      await real.dispose();
    }
  });
});
