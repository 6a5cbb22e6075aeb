import assert from "node:assert/strict";
import { packContext } from "../../../src/engine/context/pack";
import { planContext } from "../../../src/engine/context/plan";
import { subsetOf } from "../../../src/engine/context/subset";
import { TokenCache } from "../../../src/engine/context/tokens";
import { ByteTokenizer } from "./byteTokenizer";
import { snapshotOfTexts } from "./workspace";

const byteTokenizer = new ByteTokenizer();

describe("subsetOf", () => {
  const texts = { "a.ts": "let a = 1;\n", "b.ts": "let b = 2;\nlet bb;\n", "c.ts": "let c = 3;\n" };

  /** The context as if there were no other files, but with the map of all. */
  async function pack(names: readonly string[]) {
    const { snapshot, read } = snapshotOfTexts(texts);
    const tokens = new TokenCache(byteTokenizer, null);
    const plan = await planContext({ snapshot, budget: 100_000, read, tokens });
    const documents = plan.documents.filter(({ document }) => names.includes(document.path));
    const frame = byteTokenizer.tokenize("Frame.\n");
    return packContext({ plan: { ...plan, documents }, frame, read, tokens });
  }

  for (const names of [["a.ts", "c.ts"], ["b.ts"], ["c.ts"], [], ["a.ts", "b.ts", "c.ts"]]) {
    it(`of ${names.length === 0 ? "nothing" : names.join(" and ")} is as if only that had been packed`, async () => {
      const whole = await pack(Object.keys(texts));
      const subset = subsetOf(whole, (document) => names.includes(document.path));
      const expected = await pack(names);
      assert.deepEqual(subset.tokens, expected.tokens);
      const shape = (segments: typeof subset.segments) =>
        segments.map(({ kind, start, count, document }) => [kind, start, count, document?.path]);
      assert.deepEqual(shape(subset.segments), shape(expected.segments));
      assert.deepEqual(
        subset.files.map(({ document, start, count, text }) => [document.path, start, count, text]),
        expected.files.map(({ document, start, count, text }) => [document.path, start, count, text]),
      );
      for (let token = 0; token <= subset.tokens.length; token++) {
        assert.deepEqual(subset.spans.place(token)?.line, expected.spans.place(token)?.line);
      }
    });
  }

  it("asks once for each file, with the first token of its heading", async () => {
    const whole = await pack(Object.keys(texts));
    const asked: [string, number][] = [];
    subsetOf(whole, (document, start) => asked.push([document.path, start]) < 0);
    const heads = whole.files.map(({ document }) => [
      document.path,
      whole.segments.find((segment) => segment.document === document)?.start,
    ]);
    assert.deepEqual(asked, heads);
  });
});
