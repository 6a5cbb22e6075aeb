import assert from "node:assert/strict";
import { chooseFocus, type FocusSpan } from "../../../src/engine/answer/focus";
import type { LineSelection } from "../../../src/shared/trace";

const lines = (path: string, from: number, to: number, lift: number): LineSelection[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ path, line: from + index, selected: 1, lift }));

const choose = (selections: readonly LineSelection[], budget = 1000): string[] =>
  chooseFocus(selections, {
    budget,
    tokensOf: ({ startLine, endLine }: FocusSpan) => 10 * (endLine - startLine + 1),
    orderOf: (path) => ["a.ts", "b.ts", "c.ts"].indexOf(path),
  }).map(({ path, startLine, endLine }) => `${path}:${startLine}-${endLine}`);

describe("chooseFocus", () => {
  it("gives the most lifted spans in the order of the context", () => {
    const selections = [...lines("c.ts", 10, 14, 9), ...lines("a.ts", 50, 54, 3), ...lines("b.ts", 1, 5, 5)];
    assert.deepEqual(choose(selections), ["a.ts:50-54", "b.ts:1-5", "c.ts:10-14"]);
  });

  it("stays within the budget: the least lifted stay away, and a smaller one may fit instead", () => {
    const selections = [...lines("c.ts", 10, 14, 9), ...lines("a.ts", 50, 59, 3), ...lines("b.ts", 1, 3, 1)];
    assert.deepEqual(choose(selections, 90), ["b.ts:1-3", "c.ts:10-14"]);
    assert.deepEqual(choose(selections, 10), []);
  });

  it("joins spans of a file that nearly touch", () => {
    const selections = [...lines("a.ts", 10, 14, 9), ...lines("a.ts", 17, 21, 2), ...lines("a.ts", 40, 44, 1)];
    const spans = choose(selections);
    assert.equal(spans.length, 2, spans.join());
    assert.match(spans[0] ?? "", /^a\.ts:10-2\d$/);
  });

  it("has nothing where nothing was selected", () => assert.deepEqual(choose([]), []));
});
