import assert from "node:assert/strict";
import type { Budget } from "../../../src/engine/budget";
import { outlineOf } from "../../../src/engine/context/outline";
import { Outlines } from "../../../src/engine/context/outlines";
import { packContext } from "../../../src/engine/context/pack";
import { planContext, type PlanOptions } from "../../../src/engine/context/plan";
import { TokenCache } from "../../../src/engine/context/tokens";
import type { Plan, PlannedDocument } from "../../../src/engine/context/types";
import { Uses } from "../../../src/engine/context/uses";
import { toPlanResult } from "../../../src/engine/results";
import { Symbols } from "../../../src/engine/symbols/symbols";
import { ByteTokenizer } from "./byteTokenizer";
import { snapshotOfTexts } from "./workspace";

const body = "  const value = compute(left, right) + other;\n".repeat(40);
const source = (name: string): string =>
  `/** Says what ${name} is. */\nexport function ${name}(left: number, right: number): number {\n${body}}\n`;

/** Twenty source files that mean much, and what stands around them. */
const repository: Record<string, string> = {
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`src/part${i}.ts`, source(`part${i}`)])),
  "lib/far.ts": source("far"),
  "README.md": "# Demo\n",
  "package.json": "{}\n",
  "notes.txt": "plain text ".repeat(300),
  "test/part.test.ts": source("testPart"),
};

describe("plan with outlines, pins and folders", () => {
  const symbols = new Symbols();
  const outlines = new Outlines(symbols);
  after(() => symbols.dispose());
  const { snapshot, read } = snapshotOfTexts(repository);
  const tokens = new TokenCache(new ByteTokenizer(), null);
  const plan = (budget: number, options: Partial<PlanOptions> = {}): Promise<Plan> =>
    planContext({ snapshot, budget, read, tokens, outlines, uses: new Uses(), ...options });
  const outlined = (made: Plan): PlannedDocument[] => made.documents.filter(({ outline }) => outline === true);
  const of = (made: Plan, path: string): PlannedDocument =>
    made.documents.find(({ document }) => document.path === path)!;

  it("puts files in as outlines before it leaves them out", async () => {
    const made = await plan(4000);
    assert.ok(outlined(made).length >= 10, `${outlined(made).length} outlines`);
    for (const { document, tokens: count, included, reason } of outlined(made)) {
      assert.equal(included, true);
      assert.ok(count < 80, `${document.path} has ${count} tokens`);
      assert.equal(reason, "declarations only: the whole file is over the budget of 4,000 tokens");
    }
    const without = await plan(4000, { outlines: null });
    assert.equal(outlined(without).length, 0);
    const files = (one: Plan): number => one.documents.filter(({ included }) => included).length;
    assert.ok(files(made) > files(without));
  });

  it("has no outlines where everything fits", async () => {
    const made = await plan(100_000);
    assert.equal(outlined(made).length, 0);
    assert.ok(made.documents.every(({ included }) => included));
    assert.equal(made.gain, null);
  });

  it("names every file once, and its sums agree with what is packed", async () => {
    for (const budget of [300, 900, 2000, 4000, 7000, 9000, 12_000]) {
      const made = await plan(budget, { frameTokens: 9 });
      const paths = made.documents.map(({ document }) => document.path);
      assert.deepEqual(paths.toSorted(), Object.keys(repository).sort());
      assert.ok(made.documents.every(({ reason }) => reason.length > 0));
      const packed = await packContext({ plan: made, frame: new Int32Array(9), read, tokens, outlines });
      assert.equal(packed.tokens.length, 9 + made.mapTokens + made.tokens);
      assert.ok(packed.tokens.length <= budget);
      const sum = made.documents.reduce((total, entry) => total + (entry.included ? entry.tokens : 0), 0);
      assert.equal(sum, made.tokens);
      for (const { document, tokens: count } of made.documents.filter(({ included }) => included)) {
        const segments = packed.segments.filter((segment) => segment.document === document);
        assert.equal(
          segments.reduce((total, segment) => total + segment.count, 0),
          count,
          document.path,
        );
      }
    }
  });

  it("is the same for the same input, whatever was planned before", async () => {
    const first = await plan(4000);
    await plan(9000);
    assert.deepEqual(await plan(4000), first);
  });

  it("estimates outlines while no model is known", async () => {
    const made = await plan(4000, { tokens: null });
    assert.ok(outlined(made).length > 5);
    assert.ok(made.tokens + made.mapTokens <= 4000);
  });

  it("lets pinned files in before all else, as a whole", async () => {
    const made = await plan(2000, { pinned: ["lib/**", "notes.txt"] });
    for (const path of ["lib/far.ts", "notes.txt"]) {
      const { included, outline, pinned, reason } = of(made, path);
      assert.deepEqual([included, outline, pinned, reason], [true, undefined, true, "pinned"]);
    }
    assert.equal(of(await plan(2000), "notes.txt").included, false);
  });

  it("leaves out with a reason what is in no chosen folder", async () => {
    const made = await plan(100_000, { scope: ["lib", "test"] });
    const included = made.documents.filter((entry) => entry.included).map(({ document }) => document.path);
    assert.deepEqual(included, ["lib/far.ts", "test/part.test.ts"]);
    assert.equal(of(made, "README.md").reason, "outside of the folders that the context is limited to");
    assert.equal(made.documents.length, Object.keys(repository).length);
    assert.doesNotMatch(made.map, /src/);
  });

  it("prefers what other files use, and says so", async () => {
    // The oldest file of all.
    const texts: Record<string, string> = { "lib/far.ts": "", ...repository };
    for (let i = 0; i < 12; i++) texts[`src/part${i}.ts`] = `import { far } from "../lib/far";\n${source(`part${i}`)}`;
    const other = snapshotOfTexts(texts);
    const made = await planContext({ ...other, budget: 3000, tokens, outlines, uses: new Uses() });
    assert.equal(of(made, "lib/far.ts").reason, "source, used by 12 files");
    const blind = await planContext({ ...other, budget: 3000, tokens, outlines });
    assert.equal(of(blind, "lib/far.ts").outline ?? !of(blind, "lib/far.ts").included, true);
  });

  it("says what 64 k tokens more would bring, and the result what they cost", async () => {
    const made = await plan(4000);
    const missing = made.documents.filter(({ included, outline }) => !included || outline === true);
    assert.equal(made.gain?.files, missing.length);
    const all = await plan(100_000);
    assert.ok(Math.abs(all.tokens - made.tokens - made.gain.tokens) < 0.25 * all.tokens);
    const budget: Budget = { tokens: 4000, reason: "as set", memoryBytes: (count) => 1000 + count * 10 };
    const result = toPlanResult(made, budget, 0, "model");
    assert.equal(result.gain?.memoryBytes, made.gain.tokens * 10);
    assert.equal(result.files.filter(({ outline }) => outline).length, outlined(made).length);
    assert.equal(result.included.files + result.leftOut.files, Object.keys(repository).length);
    assert.equal(toPlanResult(all, budget, 0, null).gain, null);
  });

  it("does not read what cannot matter", async () => {
    let reads = 0;
    const many = Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`src/f${i}.txt`, `${i} ${"word ".repeat(400)}\n`]),
    );
    const huge = snapshotOfTexts(many);
    const counting: typeof read = (document) => {
      reads++;
      return huge.read(document);
    };
    const made = await planContext({ snapshot: huge.snapshot, budget: 20_000, read: counting, tokens });
    const included = made.documents.filter((entry) => entry.included).length;
    assert.ok(included > 20);
    assert.ok(reads < included + 300, `${reads} reads for ${included} files`);
    assert.equal(made.documents.length, 3000);
  });
});

describe("outlineOf", () => {
  const symbols = new Symbols();
  after(() => symbols.dispose());
  const outline = async (languageId: string, text: string): Promise<string | null> =>
    outlineOf(languageId, text, await symbols.symbolsOf(languageId, text, text))?.text ?? null;

  it("has headings and the first line of each comment, no bodies and no locals", async () => {
    const text = `/**\n * A berth.\n * More.\n */\n@decorated\nexport class Berth {\n  length = 1;\n\n  /** Frees it. */\n  free(\n    now: Date,\n  ): void {\n    function local() {}\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n    work();\n  }\n}\n`;
    assert.equal(
      await outline("typescript", text),
      " * A berth.\nexport class Berth {\n  length = 1;\n  /** Frees it. */\n  free(\n    now: Date,\n  ): void {\n",
    );
  });

  it("takes the texts that Python functions begin with", async () => {
    const text = `def a(x):\n    """Adds one."""\n${"    x += 1\n".repeat(12)}\n\ndef b(x):\n    """\n    Takes one.\n    """\n${"    x -= 1\n".repeat(12)}`;
    assert.equal(await outline("python", text), 'def a(x):\n    """Adds one."""\ndef b(x):\n    Takes one.\n');
  });

  it("is none where there is nothing to leave out, or nothing is declared", async () => {
    assert.equal(await outline("typescript", "export interface A {\n  b: string;\n}\n"), null);
    assert.equal(await outline("typescript", "work();\n".repeat(50)), null);
    assert.equal(await outline("plaintext", "class A {}\n"), null);
  });
});
