import assert from "node:assert/strict";
import { TraceIndex } from "../../../src/engine/trace/query";
import { standaloneTrace } from "../../../src/engine/trace/standalone";
import type { Interval, StandaloneTrace, TraceQuery } from "../../../src/shared/trace";
import { layersOf } from "../../../src/shared/traceSums";
import { StandaloneSums } from "../../../src/webview/heatmap/sums";
import { randomTrace } from "../trace/traces";

const shape = { files: 12, steps: 11, layers: 5 };
const bounds = { cells: 1e6, files: 40, characters: 1e6, tokens: 1e6 };

type Query = Omit<TraceQuery, "id">;
type Entries = readonly (readonly [path: string, selected: number, byLayer: readonly number[]])[];
const byPath = (entries: Entries): Entries => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));

/** Selections of each file, by the engine and by the page. */
const ofIndex = (index: TraceIndex, query: Query): Entries =>
  byPath(index.summary(query).files.map(({ path, selected, byLayer }) => [path, selected, byLayer]));
function ofPage(data: StandaloneTrace, query: Query): Entries {
  const columns = new StandaloneSums(data).columns(query);
  return byPath(
    data.answer.files.map(({ path }, file) => [path, columns.selected[file] ?? 0, layersOf(columns, file)]),
  );
}

describe("data of a self-contained page", () => {
  for (const seed of [1, 2, 3]) {
    const index = new TraceIndex(randomTrace(seed, shape));
    const count = index.summary({}).steps;

    it(`answers every run of steps and layers as the engine does (seed ${seed})`, () => {
      const data = standaloneTrace(index, bounds);
      for (let from = 0; from < count; from++) {
        for (let layer = 0; layer < shape.layers; layer++) {
          const steps: Interval = [from, Math.min(from + 1 + (layer % 3), count)];
          const query = { steps, layers: [layer, shape.layers] as const };
          assert.deepEqual(ofPage(data, query), ofIndex(index, query), JSON.stringify(query));
        }
      }
      for (const query of [{}, { phase: "question" }, { phase: "question", layers: [1, 3] }] as const) {
        assert.deepEqual(ofPage(data, query), ofIndex(index, query), JSON.stringify(query));
      }
    });

    it(`adds up neighbouring steps when there is too much (seed ${seed})`, () => {
      const whole = standaloneTrace(index, bounds);
      const coarse = standaloneTrace(index, { ...bounds, cells: 60 });
      assert.ok(coarse.stride > 1, `stride ${coarse.stride}`);
      assert.ok(coarse.sums.join("").length < whole.sums.join("").length);
      const aligned: Interval = [0, Math.min(coarse.stride, count)];
      assert.deepEqual(ofPage(coarse, { steps: [0, 1] }), ofIndex(index, { steps: aligned }));
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
