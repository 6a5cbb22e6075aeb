import assert from "node:assert/strict";
import { wordsBySelection } from "../../../src/extension/decorations/answerWords";
import { fairShare, gradedRuns, gradeOf, lineLifts } from "../../../src/extension/decorations/grades";
import { TraceIndex } from "../../../src/engine/trace/query";
import { randomTrace } from "../trace/traces";

describe("what of the selection is painted", () => {
  it("begins at the fair share and doubles, by the figure that is shown", () => {
    assert.deepEqual(
      [0, 0.94, 0.96, 1, 1.94, 1.96, 3.9, 4, 7.94, 7.96, 80].map(gradeOf),
      [0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4],
    );
  });

  it("takes the lift of each line from the trace, and none of lines without words", () => {
    assert.deepEqual([...lineLifts([3, 8, 1, 0], ["let a", "}", "b", "c"], 2)], [1.5, 0, 0.5, 0]);
    assert.deepEqual([...lineLifts([3], ["let a"], 0)], [0]);
  });

  it("agrees with the lifts of lines that the engine ranks", () => {
    let compared = 0;
    for (let seed = 1; seed < 20; seed++) {
      const index = new TraceIndex(randomTrace(seed, { files: 4, steps: 10, layers: 3 }));
      const summary = index.summary({});
      // Lines that are always attended in part have fewer tokens to select.
      const whole = summary.files.filter(({ always }) => always === 0).map(({ path }) => path);
      for (const path of whole) {
        const file = index.file({ path, lines: [1, 1000] });
        const texts = file.lines.map(({ text }) => text);
        const lifts = lineLifts(file.strip, texts, fairShare(summary));
        for (const line of index.lines({}, Infinity).filter((ranked) => ranked.path === path)) {
          assert.ok(Math.abs((lifts[line.line - 1] ?? 0) - line.lift) < 1e-9, `seed ${seed} ${path}:${line.line}`);
          compared++;
        }
      }
    }
    assert.ok(compared > 50);
  });

  it("joins neighbours of one grade, at their lines of now", () => {
    const lifts = Float64Array.from([0, 1.2, 1.4, 4, 0.2, 9]);
    const map = Int32Array.from([-1, 0, 1, -1, 2, 3, 4, 5]);
    const runs = gradedRuns(lifts, map, -5, 99);
    assert.deepEqual(runs, [
      { from: 2, to: 2, grade: 1 },
      { from: 4, to: 4, grade: 1 },
      { from: 5, to: 5, grade: 3 },
      { from: 7, to: 7, grade: 4 },
    ]);
    assert.deepEqual(gradedRuns(lifts, Int32Array.from([0, 1, 2, 3]), 0, 3), [
      { from: 1, to: 2, grade: 1 },
      { from: 3, to: 3, grade: 3 },
    ]);
    assert.deepEqual(gradedRuns(lifts, map, 5, 5), [{ from: 5, to: 5, grade: 3 }]);
  });
});

describe("the words of an answer that selected a line", () => {
  const answer = ["The", " grace", "Per", "iod", " is", ":", "\n", "30", " grace", "!"].map((text, step) => ({
    step,
    text,
  }));
  const steps = [
    { step: 1, text: " grace", selected: 4 },
    { step: 2, text: "Per", selected: 8 },
    { step: 3, text: "iod", selected: 6 },
    { step: 4, text: " is", selected: 2 },
    { step: 5, text: ":", selected: 90 },
    { step: 7, text: "30", selected: 5 },
    { step: 8, text: " grace", selected: 20 },
  ];

  it("joins tokens to words, takes their mean, most first, each word once", () => {
    assert.deepEqual(wordsBySelection(answer, steps, 10), [
      { text: "is:", selected: 46 },
      { text: "grace!", selected: 10 },
      { text: "gracePeriod", selected: 6 },
      { text: "30", selected: 5 },
    ]);
    assert.deepEqual(
      wordsBySelection(answer, steps, 2).map(({ text }) => text),
      ["is:", "grace!"],
    );
  });

  it("leaves out what selected nothing", () => {
    assert.deepEqual(wordsBySelection(answer, [], 5), []);
  });
});
