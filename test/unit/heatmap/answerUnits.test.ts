import assert from "node:assert/strict";
import type { AnswerToken } from "../../../src/shared/trace";
import { answerUnits, sentenceStart } from "../../../src/webview/heatmap/answerUnits";

const tokens = (...texts: readonly string[]): readonly AnswerToken[] => texts.map((text, step) => ({ step, text }));
const code = tokens("See", ":\n", "``", "`go\n", "x := 1", "\n``", "`", "\nDone", ".", " Really", ".");

const shape = (units: ReturnType<typeof answerUnits>): readonly string[] =>
  units.map(({ kind, steps }) => `${kind} ${steps[0]}-${steps[1]}`);

describe("answer units", () => {
  it("has every token once, in order", () => {
    for (const bySentence of [false, true]) {
      const units = answerUnits(code, bySentence, new Set());
      assert.equal(units.map((unit) => unit.text).join(""), code.map((token) => token.text).join(""));
      units.forEach((unit, at) => assert.equal(unit.steps[0], at === 0 ? 0 : units[at - 1]!.steps[1]));
    }
  });

  it("folds code, even when fences are cut into tokens", () => {
    const units = answerUnits(code, false, new Set());
    assert.deepEqual(shape(units), [
      "token 0-1",
      "token 1-2",
      "code 2-7",
      "token 7-8",
      "token 8-9",
      "token 9-10",
      "token 10-11",
    ]);
    assert.equal(answerUnits(code, false, new Set([2])).length, code.length);
  });

  it("folds an open block to the end", () => {
    assert.deepEqual(shape(answerUnits(tokens("a\n", "```", "\nb", " c"), false, new Set())), [
      "token 0-1",
      "code 1-4",
    ]);
  });

  it("joins sentences", () => {
    const units = answerUnits(tokens("One", " two", ".", " Three", " v1.2", "?", " Four"), true, new Set());
    assert.deepEqual(
      units.map((unit) => unit.text),
      ["One two.", " Three v1.2?", " Four"],
    );
  });

  it("jumps by sentence", () => {
    const units = answerUnits(tokens("One", " two", ".", " Three", " four", ".", " Five"), false, new Set());
    assert.equal(sentenceStart(units, 0, 1), 3);
    assert.equal(sentenceStart(units, 4, 1), 6);
    assert.equal(sentenceStart(units, 6, 1), 6);
    assert.equal(sentenceStart(units, 4, -1), 3);
    assert.equal(sentenceStart(units, 3, -1), 0);
    assert.equal(sentenceStart(units, 0, -1), 0);
  });

  it("has nothing for an empty answer", () => assert.deepEqual(answerUnits([], true, new Set()), []));
});
