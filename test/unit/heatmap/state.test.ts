import assert from "node:assert/strict";
import type { TraceMap, TraceQuery, TraceSums } from "../../../src/shared/trace";
import { keptState, parseKept } from "../../../src/webview/heatmap/kept";
import {
  committedQuery,
  initialState,
  mapKey,
  previewQuery,
  reduce,
  otherQuery,
  shownOther,
  shownQuery,
  shownSums,
  type Action,
  type HeatmapState,
} from "../../../src/webview/heatmap/state";
import { traceFixture } from "./fixture";

const trace = traceFixture({ files: 40, layers: 12, steps: 30 }).answer;
const view = { kind: "trace", summary: trace, other: null, comparing: false, error: null } as const;
const map: TraceMap = { below: "", level: "files", groups: [], regions: [], bars: [] };

const run = (state: HeatmapState, ...actions: readonly Action[]): HeatmapState => actions.reduce(reduce, state);
/** Sums that can be told apart by their selections. */
const sums = (selections: number): TraceSums => ({
  selections,
  selectableTokens: 1,
  tokens: [],
  selected: [],
  layersHit: [],
  layersChosen: 0,
  bars: [],
  byLayer: [],
  most: [],
});
/** The answer to a query over the map that the state shows. */
const answered = (state: HeatmapState, query: TraceQuery, selections: number): Action => {
  return { type: "sums", mapKey: mapKey(state), query, sums: sums(selections) };
};
const opened = run(initialState, { type: "loaded", view, kept: null });
const whole = { id: trace.id, phase: "answer" } as const;
const loaded = run(opened, {
  type: "map",
  key: mapKey(opened),
  map,
  committed: { mapKey: mapKey(opened), query: whole, sums: sums(100) },
});
const query = (found: TraceQuery | null): TraceQuery => found ?? assert.fail("there is no query");

describe("heatmap state", () => {
  it("starts with the whole answer, all layers, and the most selected file", () => {
    assert.deepEqual(committedQuery(loaded), { id: trace.id, phase: "answer" });
    assert.equal(previewQuery(loaded), null);
    assert.equal(shownSums(opened), null);
    assert.equal(shownSums(loaded)?.selections, 100);
    assert.equal(loaded.selected, trace.files[0]?.path);
  });

  it("previews what is hovered and leaves the order of the table alone", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    assert.deepEqual(previewQuery(hovered), { id: trace.id, phase: "answer", steps: [3, 4] });
    assert.equal(shownSums(hovered)?.selections, 100, "the old sums stay until new ones come");
    const previewed = run(hovered, answered(hovered, query(previewQuery(hovered)), 1));
    assert.equal(shownSums(previewed)?.selections, 1);
    assert.deepEqual(shownQuery(previewed), previewQuery(previewed));
    assert.equal(previewed.committed, loaded.committed);
    assert.equal(shownSums(run(previewed, { type: "hover", steps: null }))?.selections, 100);
  });

  it("drops sums that nobody waits for any more", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    const late = query(previewQuery(hovered));
    const moved = run(hovered, { type: "hover", steps: [5, 6] });
    assert.equal(run(moved, answered(moved, late, 1)), moved);
  });

  it("shows the old map until the new one comes with its sums, and no sums of another map", () => {
    const zoomed = run(loaded, { type: "zoom", path: "docs" });
    assert.equal(zoomed.map, loaded.map);
    assert.equal(shownSums(zoomed)?.selections, 100);
    assert.equal(run(zoomed, answered(zoomed, whole, 5)), zoomed, "sums of a map that is not there yet");
    const key = mapKey(zoomed);
    const committed = { mapKey: key, query: whole, sums: sums(7) };
    const arrived = run(zoomed, { type: "map", key, map: { ...map, below: "docs" }, committed });
    assert.equal(arrived.map?.map.below, "docs");
    assert.equal(shownSums(arrived)?.selections, 7);
    const back = run(zoomed, { type: "zoom", path: "" });
    assert.equal(run(back, { type: "map", key, map, committed }), back, "a late map is dropped");
  });

  it("lists declarations inside a file, and files again outside", () => {
    const arrive = (state: HeatmapState, level: TraceMap["level"]): HeatmapState =>
      run(state, { type: "map", key: mapKey(state), map: { ...map, level }, committed: null });
    const inside = arrive(run(loaded, { type: "zoom", path: "a.go" }), "symbols");
    assert.equal(inside.unit, "symbols");
    assert.equal(arrive(run(inside, { type: "zoom", path: "" }), "files").unit, "files");
    const lines = run(loaded, { type: "unit", unit: "lines" }, { type: "zoom", path: "a.go" });
    assert.equal(arrive(lines, "symbols").unit, "lines");
  });

  it("asks for other regions only when the map's area has changed much", () => {
    const { pixels } = loaded;
    assert.equal(run(loaded, { type: "resize", pixels: pixels * 1.1 }), loaded);
    assert.equal(run(loaded, { type: "resize", pixels: 0 }), loaded);
    assert.notEqual(mapKey(run(loaded, { type: "resize", pixels: pixels * 2 })), mapKey(loaded));
  });

  it("commits what is pinned, at once when it was previewed", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    const previewed = run(hovered, answered(hovered, query(previewQuery(hovered)), 1));
    const pinned = run(previewed, { type: "pin", steps: [3, 4] });
    assert.equal(pinned.committed?.sums.selections, 1);
    assert.deepEqual(committedQuery(pinned)?.steps, [3, 4]);
    assert.equal(committedQuery(run(pinned, { type: "pin", steps: null }))?.steps, undefined);
  });

  it("asks for the chosen layers and for none when all are meant", () => {
    const band = run(loaded, { type: "layers", layers: [4, 8] });
    assert.deepEqual([band.layerMode, committedQuery(band)?.layers], ["band", [4, 8]]);
    const one = run(band, { type: "layerMode", mode: "one" });
    assert.deepEqual([one.layerMode, one.layers], ["one", [4, 5]]);
    const all = run(one, { type: "layers", layers: [0, 12] });
    assert.deepEqual([all.layerMode, committedQuery(all)?.layers], ["all", undefined]);
  });

  it("keeps layers inside the model and never empty", () => {
    assert.deepEqual(run(loaded, { type: "layers", layers: [-3, 2] }).layers, [0, 2]);
    assert.deepEqual(run(loaded, { type: "layers", layers: [11, 40] }).layers, [11, 12]);
    assert.deepEqual(run(loaded, { type: "layers", layers: [5, 5] }).layers, [5, 6]);
    for (const mode of ["band", "one", "all"] as const) {
      const [from, to] = run(loaded, { type: "layerMode", mode }).layers;
      assert.ok(from >= 0 && from < to && to <= trace.layers, mode);
    }
  });

  it("does not point at answer tokens while the reading of the question is shown", () => {
    const pinned = run(loaded, { type: "pin", steps: [2, 3] }, { type: "phase", phase: "question" });
    assert.deepEqual(committedQuery(pinned), { id: trace.id, phase: "question" });
    assert.equal(run(pinned, { type: "hover", steps: [1, 2] }), pinned);
    assert.deepEqual(committedQuery(run(pinned, { type: "phase", phase: "answer" }))?.steps, [2, 3]);
  });

  it("says why sums are missing until some come", () => {
    const asked = run(loaded, { type: "pin", steps: [1, 2] });
    const failed = run(asked, { type: "problem", query: query(committedQuery(asked)), message: "gone" });
    assert.equal(failed.problem, "gone");
    assert.equal(run(failed, answered(failed, query(committedQuery(asked)), 2)).problem, null);
    assert.equal(run(asked, { type: "problem", query: { id: "other" }, message: "gone" }), asked);
  });

  it("zooms, sorts and filters", () => {
    const state = run(
      loaded,
      { type: "zoom", path: "docs" },
      { type: "sort", column: "lift" },
      { type: "filter", text: "go" },
    );
    assert.deepEqual([state.zoom, state.sort, state.filter], ["docs", { column: "lift", descending: true }, "go"]);
    assert.equal(run(state, { type: "sort", column: "lift" }).sort.descending, false);
    assert.equal(run(state, { type: "sort", column: "name" }).sort.descending, false);
    assert.equal(run(state, { type: "zoom", path: "docs" }), state, "equal values change nothing");
  });

  it("forgets pins and zoom with the next answer", () => {
    const used = run(loaded, { type: "pin", steps: [1, 2] }, { type: "zoom", path: "docs" });
    const next = run(used, {
      type: "loaded",
      view: { ...view, summary: { ...trace, id: "next" } },
      kept: keptState(used),
    });
    assert.deepEqual([next.pinned, next.zoom], [null, ""]);
  });
});

describe("kept state", () => {
  const used = run(
    loaded,
    { type: "pin", steps: [1, 4] },
    { type: "layers", layers: [3, 9] },
    { type: "zoom", path: "docs" },
    { type: "sort", column: "tokens" },
  );
  const reloaded = (kept: unknown): HeatmapState => run(initialState, { type: "loaded", view, kept: parseKept(kept) });

  it("survives a reload", () => {
    const again = reloaded(JSON.parse(JSON.stringify(keptState(used))));
    assert.deepEqual(keptState(again), keptState(used));
    assert.equal(again.layerMode, "band");
  });

  it("is not believed where the trace has no such thing", () => {
    const again = reloaded({ ...keptState(used), pinned: [25, 99], layers: [0, 99] });
    assert.deepEqual([again.pinned, again.layers], [null, [0, 12]]);
  });

  it("is not believed when it is something else", () => {
    for (const value of [null, 3, "x", [], {}, { id: 1 }, { ...keptState(used), layers: ["a", "b"] }])
      assert.equal(parseKept(value), null);
    assert.equal(parseKept({ ...keptState(used), pinned: [4, 4] })?.pinned, null);
    assert.equal(parseKept({ ...keptState(used), sort: { column: "__proto__" } })?.sort.column, "selected");
  });
});

describe("comparing two answers", () => {
  const other = { ...trace, id: "other" };
  const compared = run(loaded, { type: "loaded", view: { ...view, other, comparing: true }, kept: null });

  it("keeps A as it was and sorts by the difference", () => {
    const used = run(loaded, { type: "pin", steps: [1, 4] }, { type: "zoom", path: "docs" });
    const state = run(used, { type: "loaded", view: { ...view, other, comparing: true }, kept: null });
    assert.deepEqual([state.pinned, state.zoom, state.sort.column], [[1, 4], "docs", "difference"]);
    assert.deepEqual(otherQuery(state), { id: "other", phase: "answer" });
  });

  it("pins words of B apart from those of A", () => {
    const state = run(compared, { type: "pinOther", steps: [2, 3] });
    assert.deepEqual(otherQuery(state)?.steps, [2, 3]);
    assert.equal(committedQuery(state)?.steps, undefined);
    const both = run(state, answered(state, query(otherQuery(state)), 9));
    assert.deepEqual([shownSums(both)?.selections, shownOther(both)?.selections], [100, 9]);
  });

  it("ends", () => {
    const ended = run(compared, { type: "loaded", view, kept: null });
    assert.deepEqual([ended.other, otherQuery(ended), ended.sort.column], [null, null, "selected"]);
  });
});
