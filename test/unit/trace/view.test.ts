import assert from "node:assert/strict";
import { TraceIndex } from "../../../src/engine/trace/query";
import { TraceView, type SymbolsOf } from "../../../src/engine/trace/view";
import type { CodeSymbol } from "../../../src/shared/symbols";
import type { RankQuery } from "../../../src/shared/trace";
import { fileOf, randomTrace, stepOf, traceOf } from "./traces";

const noSymbols: SymbolsOf = () => Promise.resolve([]);
const scope = { below: "", pixels: 200_000 };
const all = { query: { id: "t" }, unit: "files", below: "", filter: "", sort: "selected", descending: true } as const;
const queries = [
  {},
  { steps: [1, 2] },
  { steps: [2, 6], layers: [1, 3] },
  { phase: "question" },
  { phase: "question", layers: [0, 2] },
] as const;

describe("what the heatmap shows of a trace", () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`adds up files by region, for every query (seed ${seed})`, async () => {
      const index = new TraceIndex(randomTrace(seed, { files: 30, steps: 12, layers: 4 }));
      const view = new TraceView(index, noSymbols);
      const map = await view.map(scope);
      assert.equal(
        map.regions.reduce((sum, region) => sum + region.size, 0),
        index.trace.files.reduce((sum, file) => sum + file.count, 0),
      );
      for (const query of queries) {
        const { files, selections } = index.summary(query);
        const sums = await view.sums(query, scope);
        assert.equal(sums.selections, selections);
        map.regions.forEach(({ kind, path }, region) => {
          const own = files.filter((file) => (kind === "file" ? file.path === path : file.path.startsWith(`${path}/`)));
          if (kind === "more") return;
          const sum = own.reduce((total, file) => total + file.selected, 0);
          assert.equal(sums.selected[region], sum, `${kind} ${path}`);
          const [from, to] = "layers" in query ? query.layers : [0, 4];
          const hit = [0, 1, 2, 3].filter(
            (layer) => layer >= from && layer < to && own.some((file) => (file.byLayer[layer] ?? 0) > 0),
          );
          assert.equal(sums.layersHit[region], hit.length);
        });
        const inFiles = files.reduce((total, file) => total + file.selected, 0);
        assert.equal(
          sums.selected.reduce((total, count) => total + count, 0),
          inFiles,
        );
        map.bars.forEach(({ regions }, bar) => {
          const [from, to] = "layers" in query ? query.layers : [0, 4];
          const shown = (sums.bars[bar] ?? []).slice(from, to).reduce((total, count) => total + count, 0);
          assert.equal(
            shown,
            regions.reduce((total, region) => total + (sums.selected[region] ?? 0), 0),
          );
        });
      }
    });
  }

  it("stays bounded with many files and leaves nothing out", async () => {
    const files = Array.from({ length: 5000 }, (_, i) =>
      fileOf(`p${i % 40}/d${i % 7}/f${i}.ts`, 5 + 2 * i, ["a", "b"]),
    );
    const chosen = [5, 11, 4001, 9003];
    const trace = traceOf({ files, steps: [stepOf([2, 10_005], [chosen, []])], contextTokens: 10_010 });
    const view = new TraceView(new TraceIndex(trace), noSymbols);
    const map = await view.map(scope);
    assert.ok(map.regions.length <= 640, `${map.regions.length} regions`);
    assert.equal(
      map.regions.reduce((sum, region) => sum + region.count, 0),
      5000,
    );
    const sums = await view.sums({}, scope);
    assert.equal(
      sums.selected.reduce((a, b) => a + b, 0),
      chosen.length,
    );
    assert.ok(JSON.stringify([map, sums]).length < 200_000);
  });

  it("has an empty map for a folder that the context does not have", async () => {
    const view = new TraceView(new TraceIndex(randomTrace(1, { files: 5, steps: 3, layers: 2 })), noSymbols);
    assert.deepEqual((await view.map({ below: "none", pixels: 9e4 })).regions, []);
  });
});

describe("sums over many steps", () => {
  it("are those of the steps one by one, by part, by layer and by token", async () => {
    const index = new TraceIndex(randomTrace(9, { files: 12, steps: 60, layers: 3 }));
    const steps = index.trace.steps.filter((step) => step.phase === "answer").length;
    assert.ok(steps > 40);
    const whole = index.summary({});
    const sums = new Map(whole.files.map((file) => [file.path, file.byLayer.map(() => 0)]));
    let selections = 0;
    for (let step = 0; step < steps; step++) {
      const one = index.summary({ steps: [step, step + 1] });
      selections += one.selections;
      for (const file of one.files) file.byLayer.forEach((count, layer) => (sums.get(file.path)![layer]! += count));
    }
    assert.equal(whole.selections, selections);
    for (const file of whole.files) assert.deepEqual(file.byLayer, sums.get(file.path), file.path);
    const view = new TraceView(new TraceIndex(index.trace), noSymbols);
    await view.map(scope);
    const choice = view.index.choose({});
    const counts = Array.from(view.index.counts(choice));
    const plain = new Uint32Array(counts.length);
    for (let step = 0; step < steps; step++) {
      new TraceIndex(index.trace)
        .counts(view.index.choose({ steps: [step, step + 1] }))
        .forEach((count, token) => (plain[token]! += count));
    }
    assert.deepEqual(counts, Array.from(plain));
  });
});

describe("ranked rows", () => {
  const index = new TraceIndex(randomTrace(5, { files: 40, steps: 12, layers: 4 }));
  const view = new TraceView(index, noSymbols);
  const rows = (query: Partial<RankQuery>): ReturnType<TraceView["rows"]> =>
    view.rows({ ...all, rows: [0, 100], ...query }, null);

  it("are the files of the summary in its order, page by page", async () => {
    const { files } = index.summary({});
    const whole = await rows({});
    assert.deepEqual(
      whole.rows.map(({ rank: _, ...row }) => row),
      files.map(({ densest: lines, ...file }) => ({ ...file, lines })),
    );
    assert.equal(whole.total, files.length);
    assert.deepEqual((await rows({ rows: [10, 13] })).rows, whole.rows.slice(10, 13));
    assert.equal(whole.highest, Math.max(...files.flatMap((file) => file.byLayer)));
  });

  it("keep the order of one query and show the figures of another", async () => {
    const shown = { id: "t", steps: [1, 2] } as const;
    const [order, figures] = [await rows({}), await rows({ shown })];
    assert.deepEqual(
      figures.rows.map((row) => row.path),
      order.rows.map((row) => row.path),
    );
    const step = new Map(index.summary({ steps: [1, 2] }).files.map((file) => [file.path, file.selected]));
    for (const row of figures.rows) assert.equal(row.selected, step.get(row.path));
  });

  it("sort by a column and keep the rank by selections", async () => {
    const byTokens = await rows({ sort: "tokens" });
    const tokens = byTokens.rows.map((row) => row.tokens);
    assert.deepEqual(
      tokens,
      tokens.toSorted((a, b) => b - a),
    );
    const best = index.summary({}).files[0]?.path;
    assert.equal(byTokens.rows.find((row) => row.path === best)?.rank, 1);
    const names = (await rows({ sort: "name", descending: false })).rows.map((row) => row.path.split("/").at(-1)!);
    assert.deepEqual(names, names.toSorted());
  });

  it("are below a folder and have every word of the filter", async () => {
    const { rows: found, total } = await rows({ below: "d1", filter: "F1 TS" });
    assert.ok(total > 0);
    for (const row of found) assert.match(row.path, /^d1\/f.*1.*\.ts/);
    assert.deepEqual((await rows({ filter: "no such file" })).rows, []);
  });

  it("list lines with their text, most selected first", async () => {
    const { rows: lines } = await rows({ unit: "lines" });
    const known = new Map(index.lines({}, Infinity).map((line) => [`${line.path}:${line.line}`, line]));
    assert.equal(lines.length, Math.min(100, known.size));
    lines.forEach((row, at) => {
      const line = known.get(`${row.path}:${row.lines?.[0]}`)!;
      assert.equal(row.selected, line.selected);
      assert.ok(Math.abs(row.lift - line.lift) < 1e-9);
      assert.equal(row.name, index.file({ path: row.path, lines: [line.line, line.line + 1] }).lines[0]?.text.trim());
      if (at > 0) assert.ok(row.selected <= lines[at - 1]!.selected);
    });
    const step = { id: "t", steps: [2, 3] } as const;
    const shown = await rows({ unit: "lines", shown: step });
    const ofStep = new Map(index.lines(step, Infinity).map((line) => [`${line.path}:${line.line}`, line.selected]));
    for (const row of shown.rows) assert.equal(row.selected, ofStep.get(`${row.path}:${row.lines?.[0]}`) ?? 0);
  });
});

/** Ten lines of two tokens each: a word and a line break. */
const file = fileOf("a.ts", 2, Array.from({ length: 10 }, (_, i) => [`word${i}`, "\n"]).flat());
const symbol = (name: string, kind: CodeSymbol["kind"], startLine: number, endLine: number): CodeSymbol => {
  return { name, kind, startLine, endLine, parent: null };
};
const symbols = [
  symbol("Box", "class", 2, 8),
  symbol("open", "method", 3, 4),
  symbol("shut", "method", 6, 7),
  symbol("run", "function", 9, 10),
];
/** Token of the word of a line, from 1. */
const word = (line: number): number => 2 + 2 * (line - 1);
const trace = traceOf({
  files: [file],
  steps: [
    stepOf(
      [2, 22],
      [
        [word(1), word(3), word(4)],
        [word(2), word(3), word(9)],
      ],
    ),
    stepOf([2, 22], [[word(3)], []]),
  ],
  contextTokens: 22,
});

describe("declarations of a traced file", () => {
  const view = new TraceView(new TraceIndex(trace), () => Promise.resolve(symbols));

  it("count what is in inner ones for outer ones too", async () => {
    const found = await view.symbolSums({ path: "a.ts" });
    assert.deepEqual(
      found.map(({ name, tokens, selected }) => [name, tokens, selected]),
      [
        ["Box", 14, 5],
        ["open", 4, 4],
        ["shut", 4, 0],
        ["run", 4, 1],
      ],
    );
    // 7 selections over 20 selectable tokens.
    assert.ok(Math.abs(found[1]!.lift - 4 / 7 / (4 / 20)) < 1e-12);
    assert.deepEqual(await view.symbolSums({ path: "none.ts" }), []);
  });

  it("are the regions of the map of their file: classes frame their members", async () => {
    const below = { below: "a.ts", pixels: 1e5 };
    const map = await view.map(below);
    const sums = await view.sums({}, below);
    assert.equal(map.level, "symbols");
    const regions = map.regions.map(({ kind, name, group, size }, region) => {
      return [kind, name ?? "", map.groups[group]?.title, size, sums.selected[region]];
    });
    assert.deepEqual(regions, [
      ["rest", "", "a.ts", 2, 1],
      ["rest", "Box", "Box", 6, 1],
      ["symbol", "open", "Box", 4, 4],
      ["symbol", "shut", "Box", 4, 0],
      ["symbol", "run", "a.ts", 4, 1],
    ]);
    assert.equal((await view.sums({ steps: [1, 2] }, below)).selected[2], 1);
  });

  it("are ranked with their lines", async () => {
    const { rows } = await view.rows({ ...all, unit: "symbols", rows: [0, 10] }, null);
    assert.deepEqual(
      rows.map(({ rank, name, kind, lines, selected, byLayer }) => [rank, name, kind, lines, selected, byLayer]),
      [
        [1, "Box", "class", [2, 8], 5, [3, 2]],
        [2, "open", "method", [3, 4], 4, [3, 1]],
        [3, "run", "function", [9, 10], 1, [0, 1]],
        [4, "shut", "method", [6, 7], 0, [0, 0]],
      ],
    );
  });

  it("that the file does not have are left out", async () => {
    const odd = [symbol("far", "function", 5, 99), symbol("back", "function", 6, 5), symbol("zero", "function", 0, 3)];
    const other = new TraceView(new TraceIndex(trace), () => Promise.resolve([...odd, ...symbols]));
    assert.deepEqual(await other.symbolSums({ path: "a.ts" }), await view.symbolSums({ path: "a.ts" }));
  });
});

describe("two answers", () => {
  const other = { ...trace, id: "other", steps: [stepOf([2, 22], [[word(3), word(5)], [word(9)]])] };
  const a = new TraceView(new TraceIndex(trace), noSymbols);
  const b = new TraceView(new TraceIndex(other), noSymbols);

  it("have tokens and files in common", () => {
    // A selected lines 1, 2, 3, 4, 9; B 3, 5, 9.
    const same = { sameContext: true, tokensInBoth: 2 / 6, halfOfFirst: 1, halfOfSecond: 1 };
    assert.deepEqual(a.compare({}, b, {}), same);
  });

  it("of different contexts are compared by file alone", async () => {
    const moved = { ...other, files: [fileOf("b.ts", 2, ["x"]), { ...file, start: 3 }] };
    const view = new TraceView(new TraceIndex(moved), noSymbols);
    const { sameContext, tokensInBoth } = a.compare({}, view, {});
    assert.deepEqual([sameContext, tokensInBoth], [false, null]);
    const sums = await view.sumsOn(a, {}, scope);
    const selected = new TraceIndex(moved).summary({}).files.find((row) => row.path === "a.ts")?.selected;
    assert.deepEqual(sums.selected, [selected]);
  });

  it("are ranked by the difference of their shares, with the figures of both", async () => {
    const query = { ...all, other: { id: "other" }, sort: "difference", rows: [0, 5] } as const;
    const [row] = (await a.rows(query, b)).rows;
    assert.deepEqual([row?.selected, row?.other?.selected], [7, 3]);
  });
});
