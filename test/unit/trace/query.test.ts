import assert from "node:assert/strict";
import { TraceIndex } from "../../../src/engine/trace/query";
import type { Trace } from "../../../src/engine/trace/types";
import { decodeSelection } from "../../../src/engine/native";
import type { Interval, TracePhase } from "../../../src/shared/trace";
import { hasCode } from "../workspace/scratch";
import { encode, fileOf, randomTrace, stepOf, traceOf } from "./traces";

/** 2 initial tokens, header of one token, file a at 3..13 (two lines), header, file b at 14..24 (three lines). */
const a = fileOf("a.ts", 3, ["let", " x", " =", " 1", "\n", "call", "(", "x", ")", "\n"]);
const b = fileOf("b.ts", 14, ["one", "\n", "two", "\n", "}", "\n", "{", "\n", "six", "\n"]);
const small = traceOf({
  files: [a, b],
  steps: [
    stepOf([2, 22], [[5], [3]], "", "question"),
    stepOf(
      [2, 22],
      [
        [3, 4, 8],
        [8, 14],
      ],
      "The",
    ),
    stepOf(
      [2, 23],
      [
        [8, 13, 22],
        [0, 8, 30],
      ],
      " end",
    ),
  ],
});

describe("trace sums, by hand", () => {
  const index = new TraceIndex(small);

  it("counts selections of selectable tokens by file, those outside of files only in the total", () => {
    const summary = index.summary({});
    // 0 is initial and 30 local: in neither side. 13 is a header: a selection, but no file's.
    assert.equal(summary.selections, 3 + 2 + 3 + 1);
    const [first, second] = summary.files;
    assert.equal(first?.path, "a.ts");
    assert.equal(first.selected, 6);
    assert.deepEqual(first.byLayer, [4, 2]);
    assert.equal(second?.selected, 2);
    assert.deepEqual(second.byLayer, [1, 1]);
  });

  it("says which steps selected lines, each by how much", () => {
    const steps = (lines: Interval, layers?: Interval): unknown =>
      index.selectingSteps({ path: "a.ts", lines, ...(layers && { layers }) });
    // Tokens 3..8 are line 1 with its line break at 7; token 8 begins line 2.
    assert.deepEqual(steps([1, 2]), [{ step: 0, text: "The", selected: 2 }]);
    assert.deepEqual(steps([2, 3]), [
      { step: 0, text: "The", selected: 2 },
      { step: 1, text: " end", selected: 2 },
    ]);
    assert.deepEqual(steps([2, 3], [0, 1]), [
      { step: 0, text: "The", selected: 1 },
      { step: 1, text: " end", selected: 1 },
    ]);
    assert.deepEqual(steps([1, 3]), [
      { step: 0, text: "The", selected: 4 },
      { step: 1, text: " end", selected: 2 },
    ]);
    assert.throws(() => index.selectingSteps({ path: "none.ts", lines: [1, 2] }), { code: "LS-601" });
  });

  it("share and lift are what mockups and protocol define", () => {
    const [first, second] = index.summary({}).files;
    assert.ok(first && second);
    assert.equal(first.share, 6 / 9);
    // Selectable over both steps: 20 + 21, of a: 10 + 10, of b (14..24): 8 + 9.
    assert.ok(Math.abs(first.lift - 6 / 9 / (20 / 41)) < 1e-12);
    assert.ok(Math.abs(second.lift - 2 / 9 / (17 / 41)) < 1e-12);
    assert.deepEqual([first.tokens, first.always], [10, 0]);
    assert.deepEqual([second.tokens, second.always], [9, 1]);
  });

  it("chooses steps, layers and phase", () => {
    const step = index.summary({ steps: [0, 1], layers: [1, 2] });
    assert.equal(step.selections, 2);
    assert.deepEqual(
      step.files.map((file) => [file.path, file.selected, file.byLayer]),
      [
        ["a.ts", 1, [3, 1]],
        ["b.ts", 1, [0, 1]],
      ],
    );
    const question = index.summary({ phase: "question" });
    assert.equal(question.selections, 2);
    assert.equal(question.files[0]?.selected, 2);
  });

  it("tells the facts of the answer whatever was chosen", () => {
    for (const summary of [index.summary({}), index.summary({ phase: "question" })]) {
      assert.equal(summary.steps, 2);
      assert.deepEqual(summary.answer, [
        { step: 0, text: "The" },
        { step: 1, text: " end" },
      ]);
      assert.deepEqual(summary.selectingLayers, [0, 1]);
      assert.equal(summary.contextTokens, 40);
      assert.equal(summary.initialTokens, 2);
    }
    // In the last step tokens from 23 on are local.
    assert.equal(index.summary({}).localTokens, 17);
    assert.equal(index.summary({ steps: [0, 1] }).selectableTokens, 20);
  });

  it("ranks lines by lift and leaves out those that say nothing", () => {
    const lines = index.lines({}, 10);
    assert.deepEqual(
      lines.map(({ path, line, selected }) => [path, line, selected]),
      [
        ["b.ts", 5, 1],
        ["a.ts", 2, 4],
        ["b.ts", 1, 1],
        ["a.ts", 1, 2],
      ],
    );
    const call = lines.find(({ path, line }) => path === "a.ts" && line === 2)!;
    assert.ok(Math.abs(call.lift - 4 / 9 / (10 / 41)) < 1e-12);
    assert.deepEqual(index.lines({}, 2), lines.slice(0, 2));
  });

  it("shows the tokens of the lines asked for, and the strip of all", () => {
    const file = index.file({ path: "a.ts", lines: [2, 99] });
    assert.equal(file.lineCount, 2);
    assert.equal(file.maxCount, 4);
    assert.deepEqual(file.strip, [2 / 5, 4 / 5]);
    assert.deepEqual(file.lines, [
      {
        line: 2,
        text: "call(x)",
        tokens: [
          { column: 0, length: 4, count: 4 },
          { column: 4, length: 1, count: 0 },
          { column: 5, length: 1, count: 0 },
          { column: 6, length: 1, count: 0 },
        ],
      },
    ]);
  });

  it("refuses what the trace does not have", () => {
    for (const query of [{ steps: [0, 3] }, { steps: [1, 1] }, { steps: [-1, 1] }, { layers: [0, 3] }] as const) {
      assert.throws(() => index.summary(query), hasCode("LS-601"));
    }
    assert.throws(() => index.summary({ steps: [0.5, 1] }), hasCode("LS-601"));
    assert.throws(() => index.file({ path: "c.ts", lines: [1, 2] }), hasCode("LS-601"));
  });
});

describe("trace sums, at the edges", () => {
  it("a token that runs over the line end is shown on both lines and counted on the first", () => {
    const file = fileOf("a.ts", 2, ["x", ";\n  ", "y"]);
    const index = new TraceIndex(traceOf({ files: [file], steps: [stepOf([2, 10], [[3], []])], contextTokens: 5 }));
    const view = index.file({ path: "a.ts", lines: [1, 3] });
    assert.deepEqual(view.strip, [1 / 2, 0]);
    assert.deepEqual(view.lines[0]?.tokens, [
      { column: 0, length: 1, count: 0 },
      { column: 1, length: 1, count: 1 },
    ]);
    assert.deepEqual(view.lines[1]?.tokens, [
      { column: 0, length: 2, count: 1 },
      { column: 2, length: 1, count: 0 },
    ]);
  });

  it("tokens that share a character are one token with the highest count", () => {
    const file = { ...fileOf("a.md", 2, ["x", "🚀", "y"]), count: 5, offsets: Int32Array.of(0, 1, 1, 1, 3, 4) };
    const steps = [stepOf([2, 10], [[4], [4, 5]])];
    const index = new TraceIndex(traceOf({ files: [file], steps, contextTokens: 7 }));
    assert.deepEqual(index.file({ path: "a.md", lines: [1, 2] }).lines[0]?.tokens, [
      { column: 0, length: 1, count: 0 },
      { column: 1, length: 2, count: 2 },
      { column: 3, length: 1, count: 0 },
    ]);
  });

  it("a dense model has an answer and no selections", () => {
    const dense = { phase: "answer", text: "Yes", selectable: [2, 9], selection: new Uint8Array(0) } as const;
    const summary = new TraceIndex(traceOf({ files: [a, b], steps: [dense] })).summary({});
    assert.equal(summary.selections, 0);
    assert.deepEqual(summary.selectingLayers, []);
    assert.ok(summary.files.every((file) => file.lift === 0 && file.share === 0 && file.densest === null));
    assert.equal(summary.answer[0]?.text, "Yes");
  });

  it("an answer that was stopped before its first token has no steps", () => {
    const index = new TraceIndex(traceOf({ files: [a], steps: [] }));
    assert.equal(index.summary({}).selections, 0);
    assert.deepEqual(index.lines({}, 5), []);
  });

  it("when all that can be selected is selected, every file has its fair share, also where it grows", () => {
    const all = (end: number): number[] => Array.from({ length: end - 2 }, (_, i) => i + 2);
    const steps = [16, 19, 22].map((end) => stepOf([2, end], [all(end), all(end)]));
    const { files } = new TraceIndex(traceOf({ files: [a, b], steps })).summary({});
    for (const file of files) assert.ok(Math.abs(file.lift - 1) < 1e-12, file.path);
  });

  it("finds the densest run of lines", () => {
    const pieces = Array.from({ length: 100 }, () => ["word", "\n"]).flat();
    const file = fileOf("long.ts", 2, pieces);
    const hot = [40, 41, 42, 43].map((line) => 2 + 2 * line);
    const layers = [[...hot, 190], hot];
    const [row] = new TraceIndex(
      traceOf({ files: [file], steps: [stepOf([2, 202], layers)], contextTokens: 210 }),
    ).summary({}).files;
    assert.deepEqual(row?.densest, [41, 44]);
  });

  it("damaged selections are refused", () => {
    const whole = encode([[3, 300], [4]]);
    for (const bytes of [whole.subarray(0, -1), whole.subarray(0, 2), Uint8Array.of(...whole, 7)]) {
      const steps = [{ phase: "answer", text: "", selectable: [2, 400], selection: bytes } as const];
      assert.throws(() => new TraceIndex(traceOf({ files: [a], steps })).summary({}), RangeError);
    }
  });
});

/** Everything again in the plainest way. */
function plainSums(trace: Trace, phase: TracePhase, steps: Interval, layers: Interval) {
  const chosen = trace.steps.filter((step) => step.phase === phase).slice(...steps);
  const counts = new Map<number, number>();
  let selections = 0;
  for (const step of chosen) {
    for (const tokens of decodeSelection(step.selection).slice(...layers)) {
      for (const token of tokens) {
        if (token < step.selectable[0] || token >= step.selectable[1]) continue;
        counts.set(token, (counts.get(token) ?? 0) + 1);
        selections++;
      }
    }
  }
  const selectable = (from: number, to: number): number => {
    let sum = 0;
    for (const step of chosen) {
      for (let token = from; token < to; token++) {
        if (token >= step.selectable[0] && token < step.selectable[1]) sum++;
      }
    }
    return sum;
  };
  return { counts, selections, selectable };
}

describe("trace sums, against plain counting of random traces", () => {
  for (let seed = 1; seed <= 12; seed++) {
    it(`seed ${seed}`, () => {
      const trace = randomTrace(seed, { files: 9, steps: 12, layers: 4 });
      const index = new TraceIndex(trace);
      for (const phase of ["answer", "question"] as const) {
        const count = trace.steps.filter((step) => step.phase === phase).length;
        for (const steps of [
          [0, count],
          [1, 2],
        ] as const) {
          for (const layers of [
            [0, 4],
            [1, 3],
          ] as const)
            compare(trace, index, phase, steps, layers);
        }
      }
    });
  }

  function compare(trace: Trace, index: TraceIndex, phase: TracePhase, steps: Interval, layers: Interval): void {
    const { counts, selections, selectable } = plainSums(trace, phase, steps, layers);
    const query = { phase, steps, layers };
    const summary = index.summary(query);
    assert.equal(summary.selections, selections);
    const total = selectable(0, trace.contextTokens + 100);
    const lift = (selected: number, region: number): number =>
      region === 0 ? 0 : selected / selections / (region / total);
    const lines = new Map(index.lines(query, Infinity).map((line) => [`${line.path}:${line.line}`, line]));
    for (const file of trace.files) {
      const tokens = Array.from({ length: file.count }, (_, i) => file.start + i);
      const selected = tokens.reduce((sum, token) => sum + (counts.get(token) ?? 0), 0);
      const row = summary.files.find((entry) => entry.path === file.path)!;
      assert.equal(row.selected, selected);
      assert.ok(Math.abs(row.lift - lift(selected, selectable(file.start, file.start + file.count))) < 1e-9);
      const byLine = new Map<number, number[]>();
      for (const token of tokens) {
        const line = file.text.slice(0, file.offsets[token - file.start]).split(/\r\n|\n|\r/).length;
        byLine.set(line, [...(byLine.get(line) ?? []), token]);
      }
      const view = index.file({ ...query, path: file.path, lines: [1, 1000] });
      view.strip.forEach((mean, i) => {
        const own = byLine.get(i + 1) ?? [];
        const sum = own.reduce((all, token) => all + (counts.get(token) ?? 0), 0);
        assert.ok(Math.abs(mean * Math.max(1, own.length) - sum) < 1e-9, `${file.path}:${i + 1}`);
        const listed = lines.get(`${file.path}:${i + 1}`);
        const says = /[\p{L}\p{N}]/u.test(view.lines[i]!.text) && sum > 0;
        assert.equal(listed?.selected, says ? sum : undefined);
        if (listed && says) {
          const region = own.reduce((all, token) => all + selectable(token, token + 1), 0);
          assert.ok(Math.abs(listed.lift - lift(sum, region)) < 1e-9);
        }
      });
    }
  }
});
