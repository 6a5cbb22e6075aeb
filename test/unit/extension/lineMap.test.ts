import assert from "node:assert/strict";
import { mapLines } from "../../../src/extension/decorations/lineMap";
import { generator } from "../trace/traces";

const mapped = (earlier: string, current: string): number[] => [...mapLines(Array.from(earlier), Array.from(current))];

describe("lines of an earlier text in the current one", () => {
  const cases: readonly (readonly [string, string, string, number[]])[] = [
    ["nothing changed", "abc", "abc", [0, 1, 2]],
    ["a line came in between", "abc", "abxc", [0, 1, -1, 2]],
    ["a line went", "abcd", "abd", [0, 1, 3]],
    ["a line changed", "abc", "axc", [0, -1, 2]],
    ["changes above and below keep what is between", "abcdef", "xbcdey", [-1, 1, 2, 3, 4, -1]],
    ["lines that occur often are found by their neighbours", "a}b}c}", "x}b}c}y", [-1, 1, 2, 3, 4, 5, -1]],
    ["of two that changed places one is found", "abcd", "acbd", [0, -1, 1, 3]],
    ["all new", "ab", "xy", [-1, -1]],
    ["the text was empty", "", "ab", [-1, -1]],
    ["the text is empty now", "ab", "", []],
  ];
  for (const [name, earlier, current, expected] of cases) {
    it(name, () => assert.deepEqual(mapped(earlier, current), expected));
  }

  it("maps equal lines only, each at most once and in their order, whatever was edited", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = generator(seed);
      const below = (n: number): number => Math.floor(random() * n);
      const earlier = Array.from({ length: below(30) }, () => String(below(12)));
      const current = [...earlier];
      for (let edits = below(6); edits > 0; edits--) {
        current.splice(
          below(current.length + 1),
          below(3),
          ...Array.from({ length: below(3) }, () => String(below(12))),
        );
      }
      const map = mapLines(earlier, current);
      let last = -1;
      map.forEach((before, line) => {
        if (before === -1) return;
        assert.equal(earlier[before], current[line], `seed ${seed}`);
        assert.ok(before > last, `seed ${seed}: ${map.join()}`);
        last = before;
      });
    }
  });
});
