import assert from "node:assert/strict";
import type { LoadedModel } from "../../src/engine/model/llama";
import { decodeSelection, type NativeContext } from "../../src/engine/native";
import { loadTinyModel, scratchFolder, SMALL_ESA, someTokens, startLlama, withContext } from "./support";

describe("addon: tokens that must be attended to", () => {
  const dir = scratchFolder();
  const esa = SMALL_ESA;
  let model: LoadedModel;

  before(async () => {
    await startLlama();
    model = await loadTinyModel(dir);
  });
  after(() => model.dispose());

  const select = async (context: NativeContext): Promise<Int32Array[]> => {
    const end = context.length;
    const { trace } = await context.prefill(someTokens(10, 7), { trace: true });
    await context.remove(end);
    return decodeSelection(trace ?? new Uint8Array());
  };
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

  for (const portable of [false, true]) {
    it(`are selected in every layer until they are set again${portable ? ", with stock operations" : ""}`, () =>
      withContext(model, { esa: { ...esa, portable } }, async (context) => {
        await context.prefill(someTokens(256));
        const free = await select(context);
        context.setMust([
          [150, 158],
          [100, 107],
          [105, 110],
        ]);
        const must = [...range(100, 110), ...range(150, 158)];
        const forced = await select(context);
        assert.equal(forced.length, context.layers);
        for (const tokens of forced) {
          assert.equal(tokens.length, esa.nInit + esa.nTop);
          assert.ok(must.every((token) => tokens.includes(token)));
        }
        assert.ok(free.some((tokens) => !must.every((token) => tokens.includes(token))));
        context.setMust([[60, 200]]);
        for (const tokens of await select(context)) {
          assert.ok(tokens.subarray(esa.nInit).every((token) => token >= 60 && token < 200));
        }
        context.setMust([]);
        assert.deepEqual(await select(context), free);
      }));
  }

  it("are ranges", () =>
    withContext(model, { esa }, async (context) => {
      assert.throws(() => context.setMust([[5, 4]]), { code: "BAD_ARGUMENT" });
      assert.throws(() => context.setMust([[-1, 4]]), { code: "BAD_ARGUMENT" });
      const running = context.prefill(someTokens(100));
      assert.throws(() => context.setMust([]), { code: "BUSY" });
      await running;
    }));

  it("mean nothing to dense attention", () =>
    withContext(model, { esa: null }, async (context) => {
      context.setMust([[0, 10]]);
      assert.equal((await context.prefill(someTokens(64))).done, 64);
    }));
});
