import assert from "node:assert/strict";
import { applyRemovals, planEdit } from "../../../src/engine/session/edit";

/** Each letter is a token, each word a unit. */
function parse(text: string): { readonly tokens: Int32Array; readonly units: number[] } {
  const units: number[] = [];
  const tokens: number[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    units.push(tokens.length);
    for (const letter of word) tokens.push(letter.charCodeAt(0));
  }
  return { tokens: Int32Array.from(tokens), units };
}

const show = (tokens: Int32Array): string => String.fromCharCode(...tokens);

describe("planEdit", () => {
  const table: readonly [name: string, cached: string, wanted: string, left: string][] = [
    ["nothing in the cache", "", "Fa b", ""],
    ["the same", "F aaa bbb", "F aaa bbb", "Faaabbb"],
    ["a file more", "F aaa", "F aaa bbb", "Faaa"],
    ["a file less at the end", "F aaa bbb", "F aaa", "Faaa"],
    ["a file less in the middle", "F aaa bbb ccc", "F aaa ccc", "Faaaccc"],
    ["two files less", "F aaa bbb ccc ddd", "F bbb ddd", "Fbbbddd"],
    ["an edited file, now last", "F aaa bbb ccc", "F aaa ccc bXb", "Faaaccc"],
    ["an edited file that stays in its place", "F aaa bbb ccc", "F aaa bXb ccc", "Faaab"],
    ["another order", "F aaa bbb ccc", "F ccc aaa", "Fccc"],
    ["another beginning", "F aaa bbb", "G aaa bbb", ""],
    ["a question behind the files", "F aaa qqq", "F aaa", "Faaa"],
    ["a file that begins like another", "F aab aac", "F aac", "Faac"],
    ["a unit longer than the rest of the cache", "F ab", "F abc", "Fab"],
  ];
  for (const [name, cachedText, wantedText, left] of table) {
    it(name, () => {
      const { tokens: cached } = parse(cachedText);
      const { tokens: wanted, units } = parse(wantedText);
      const { removals, kept } = planEdit(cached, wanted, units);
      const after = applyRemovals(cached, removals);
      assert.equal(show(after), left);
      assert.equal(kept, left.length);
      assert.deepEqual(after, wanted.slice(0, kept));
    });
  }

  it("is the common beginning when nothing is known of units", () => {
    const { tokens: cached } = parse("F aaa bbb ccc");
    const { tokens: wanted } = parse("F aaa ccc");
    assert.deepEqual(planEdit(cached, wanted), { removals: [[4, 10]], kept: 4 });
  });

  it("never keeps less than the common beginning, and what is left is always what is wanted", () => {
    let state = 7;
    const next = (limit: number): number => (state = (state * 48271) % 2147483647) % limit;
    const words = ["a", "ab", "abc", "b", "ba", "cab", "d"];
    const sentence = (): string => ["F", ...Array.from({ length: next(6) }, () => words[next(words.length)])].join(" ");
    for (let round = 0; round < 2000; round++) {
      const { tokens: cached } = parse(sentence());
      const { tokens: wanted, units } = parse(sentence());
      const edit = planEdit(cached, wanted, units);
      assert.deepEqual(applyRemovals(cached, edit.removals), wanted.slice(0, edit.kept));
      assert.ok(edit.kept >= planEdit(cached, wanted).kept, `${show(cached)} → ${show(wanted)}`);
    }
  });
});
