import assert from "node:assert/strict";
import { TraceIndex } from "../../../src/engine/trace/query";
import { standaloneTrace } from "../../../src/engine/trace/standalone";
import type { Interval, TraceSummary } from "../../../src/shared/trace";
import { StandaloneSums } from "../../../src/webview/heatmap/sums";
import { randomTrace } from "../trace/traces";

const shape = { files: 12, steps: 11, layers: 5 };
const bounds = { cells: 1e6, files: 40, characters: 1e6, tokens: 1e6 };

const selected = (summary: TraceSummary): ReadonlyMap<string, number> =>
  new Map(summary.files.map((file) => [file.path, file.selected]));
const entries = (summary: TraceSummary): readonly (readonly [string, number])[] =>
  [...selected(summary)].sort(([a], [b]) => (a < b ? -1 : 1));

describe("data of a self-contained page", () => {
  for (const seed of [1, 2, 3]) {
    const index = new TraceIndex(randomTrace(seed, shape));
    const count = index.summary({}).steps;

    it(`answers every run of steps and layers as the engine does (seed ${seed})`, () => {
      const sums = new StandaloneSums(standaloneTrace(index, bounds));
      for (let from = 0; from < count; from++) {
        for (let layer = 0; layer < shape.layers; layer++) {
          const steps: Interval = [from, Math.min(from + 1 + (layer % 3), count)];
          const query = { steps, layers: [layer, shape.layers] as const };
          assert.deepEqual(entries(sums.summary(query)), entries(index.summary(query)), JSON.stringify(query));
        }
      }
      assert.deepEqual(sums.summary({}).files, index.summary({}).files);
    });

    it(`adds up neighbouring steps when there is too much (seed ${seed})`, () => {
      const whole = standaloneTrace(index, bounds);
      const coarse = standaloneTrace(index, { ...bounds, cells: 60 });
      assert.ok(coarse.stride > 1, `stride ${coarse.stride}`);
      assert.ok(coarse.sums.join("").length < whole.sums.join("").length);
      const aligned: Interval = [0, Math.min(coarse.stride, count)];
      const rounded = new StandaloneSums(coarse).summary({ steps: [0, 1] });
      assert.deepEqual(entries(rounded), entries(index.summary({ steps: aligned })));
    });
  }

  it("keeps the lines of the most selected files until a bound is met", () => {
    const index = new TraceIndex(randomTrace(4, shape));
    const all = standaloneTrace(index, bounds);
    const order = all.answer.files.filter((file) => file.selected > 0).map((file) => file.path);
    assert.deepEqual(
      all.files.map((file) => file.path),
      order,
    );
    assert.deepEqual(
      standaloneTrace(index, { ...bounds, files: 2 }).files.map((file) => file.path),
      order.slice(0, 2),
    );
    assert.deepEqual(standaloneTrace(index, { ...bounds, characters: 0 }).files, []);
    for (const file of all.files) {
      assert.equal(file.lines.length, file.lineCount);
      assert.ok(file.lines.flatMap((line) => line.tokens).every((token) => token.count > 0));
    }
  });
});
