import assert from "node:assert/strict";
import { barGroups, barHeights, maxBars } from "../../../src/webview/heatmap/layerBars";
import { traceFixture } from "./fixture";

const trace = traceFixture({ files: 60, layers: 6, steps: 5 }).answer;

describe("layer bars", () => {
  it("shows the most selected folders, or files of a single folder", () => {
    const groups = barGroups(trace, "");
    assert.equal(groups.length, maxBars);
    const sums = groups.map(({ files }) =>
      trace.files.filter((file) => files.includes(file.path)).reduce((sum, file) => sum + file.selected, 0),
    );
    assert.deepEqual(
      sums,
      [...sums].sort((a, b) => b - a),
    );
    for (const { files } of barGroups(trace, "internal/booking")) assert.equal(files.length, 1);
    assert.deepEqual(barGroups(trace, "no/such/folder"), []);
  });

  it("has heights in proportion to the share of each layer", () => {
    const groups = barGroups(trace, "");
    const heights = barHeights(trace, groups);
    const share = (layer: number, group: number): number => {
      const sum = (paths: readonly string[] | null): number =>
        trace.files
          .filter((file) => paths?.includes(file.path) ?? true)
          .reduce((total, file) => total + (file.byLayer[layer] ?? 0), 0);
      return sum(groups[group]?.files ?? []) / sum(null);
    };
    assert.equal(heights.length, 6);
    assert.equal(Math.max(...heights.flat()), 1);
    for (let layer = 0; layer < 6; layer++) {
      const ratio = (heights[layer]?.[1] ?? 0) / (heights[layer]?.[0] ?? 1);
      assert.ok(Math.abs(ratio - share(layer, 1) / share(layer, 0)) < 1e-9);
    }
  });

  it("is flat, not NaN, where nothing was selected", () => {
    const nothing = { ...trace, files: trace.files.map((file) => ({ ...file, byLayer: file.byLayer.map(() => 0) })) };
    assert.deepEqual([...new Set(barHeights(nothing, barGroups(trace, "")).flat())], [0]);
  });
});
