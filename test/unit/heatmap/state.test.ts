import assert from "node:assert/strict";
import type { TraceQuery, TraceSummary } from "../../../src/shared/trace";
import { parseKept } from "../../../src/webview/heatmap/kept";
import { rankFiles } from "../../../src/webview/heatmap/ranking";
import {
  committedQuery,
  initialState,
  keptState,
  previewQuery,
  reduce,
  shownQuery,
  shownSums,
  type Action,
  type HeatmapState,
} from "../../../src/webview/heatmap/state";
import { traceFixture } from "./fixture";

const trace = traceFixture({ files: 40, layers: 12, steps: 30 }).answer;
const view = { kind: "trace", summary: trace, error: null } as const;

const run = (state: HeatmapState, ...actions: readonly Action[]): HeatmapState => actions.reduce(reduce, state);
const loaded = run(initialState, { type: "loaded", view, kept: null });

/** Sums that can be told apart by their selections. */
const sums = (selections: number): TraceSummary => ({ ...trace, selections });
const query = (found: TraceQuery | null): TraceQuery => found ?? assert.fail("there is no query");

describe("heatmap state", () => {
  it("starts with the whole answer, all layers, and the most selected file", () => {
    assert.deepEqual(committedQuery(loaded), { id: trace.id, phase: "answer" });
    assert.equal(previewQuery(loaded), null);
    assert.equal(shownSums(loaded), trace);
    assert.equal(loaded.selected, trace.files[0]?.path);
  });

  it("previews what is hovered and leaves the order of the table alone", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    assert.deepEqual(previewQuery(hovered), { id: trace.id, phase: "answer", steps: [3, 4] });
    assert.equal(shownSums(hovered), trace, "the old sums stay until new ones come");
    const answered = run(hovered, { type: "sums", query: query(previewQuery(hovered)), summary: sums(1) });
    assert.equal(shownSums(answered)?.selections, 1);
    assert.deepEqual(shownQuery(answered), previewQuery(answered));
    assert.equal(answered.committed, trace);
    assert.equal(shownSums(run(answered, { type: "hover", steps: null })), trace);
  });

  it("drops sums that nobody waits for any more", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    const late = query(previewQuery(hovered));
    const moved = run(hovered, { type: "hover", steps: [5, 6] });
    assert.equal(run(moved, { type: "sums", query: late, summary: sums(1) }), moved);
  });

  it("commits what is pinned, at once when it was previewed", () => {
    const hovered = run(loaded, { type: "hover", steps: [3, 4] });
    const previewed = run(hovered, { type: "sums", query: query(previewQuery(hovered)), summary: sums(1) });
    const pinned = run(previewed, { type: "pin", steps: [3, 4] });
    assert.equal(pinned.committed?.selections, 1);
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
    assert.equal(run(failed, { type: "sums", query: query(committedQuery(asked)), summary: sums(2) }).problem, null);
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
    assert.equal(run(state, { type: "sort", column: "file" }).sort.descending, false);
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
    const kept = { ...keptState(used), pinned: [25, 99], layers: [0, 99], zoom: "gone", selected: "gone.go" };
    const again = reloaded(kept);
    assert.deepEqual(
      [again.pinned, again.layers, again.zoom, again.selected],
      [null, [0, 12], "", trace.files[0]?.path],
    );
  });

  it("is not believed when it is something else", () => {
    for (const value of [null, 3, "x", [], {}, { id: 1 }, { ...keptState(used), layers: ["a", "b"] }])
      assert.equal(parseKept(value), null);
    assert.equal(parseKept({ ...keptState(used), pinned: [4, 4] })?.pinned, null);
    assert.equal(parseKept({ ...keptState(used), sort: { column: "__proto__" } })?.sort.column, "selected");
  });
});

describe("ranking", () => {
  const paths = (...args: Parameters<typeof rankFiles>): string[] => rankFiles(...args).map((row) => row.path);

  it("sorts by a column and keeps the rank by selections", () => {
    const rows = rankFiles(trace.files, "", "", { column: "tokens", descending: true });
    const tokens = rows.map((row) => trace.files.find((file) => file.path === row.path)!.tokens);
    assert.deepEqual(
      tokens,
      [...tokens].sort((a, b) => b - a),
    );
    const ranks = new Map(rows.map((row) => [row.path, row.rank]));
    [...trace.files]
      .sort((a, b) => b.selected - a.selected)
      .slice(0, 5)
      .forEach((file, at) => assert.equal(ranks.get(file.path), at + 1));
  });

  it("keeps files below the zoomed folder that have every word", () => {
    const found = paths(trace.files, "internal/booking", "HOLD go", { column: "file", descending: false });
    assert.ok(found.length > 0);
    for (const path of found) assert.match(path, /^internal\/booking\/.*hold.*go/);
    assert.deepEqual(paths(trace.files, "", "no such file", { column: "file", descending: false }), []);
  });
});
