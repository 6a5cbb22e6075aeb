import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { packContext } from "../../../src/engine/context/pack";
import { planContext, type PlanOptions } from "../../../src/engine/context/plan";
import { TokenCache } from "../../../src/engine/context/tokens";
import type { PackedContext, Plan } from "../../../src/engine/context/types";
import { hasCode } from "../workspace/scratch";
import { ByteTokenizer } from "./byteTokenizer";
import { snapshotOfTexts } from "./workspace";

const code = (lines: number): string => "const a = b + c;\n".repeat(lines);

const repository = {
  "src/old.ts": code(40),
  "src/big.ts": code(900),
  "test/old.test.ts": code(30),
  "docs/guide.md": "# Guide\n\nHow it works.\n",
  "package.json": '{ "name": "demo" }\n',
  "README.md": "# Demo\n",
  "config.yaml": "a: 1\n",
  "data.csv": "1,2,3\n".repeat(20),
  LICENSE: "Do as you like.\n".repeat(30),
  "src/new.ts": code(20),
};

function plan(budget: number, options: Partial<PlanOptions> = {}): Promise<Plan> {
  const { snapshot, read } = snapshotOfTexts(repository);
  return planContext({ snapshot, budget, read, tokens: new TokenCache(new ByteTokenizer(), null), ...options });
}

const included = (made: Plan): string[] =>
  made.documents.filter((entry) => entry.included).map((entry) => entry.document.path);

describe("context plan", () => {
  it("puts manifests and documentation first and the newest edit last", async () => {
    assert.deepEqual(included(await plan(100_000)), [
      "README.md",
      "package.json",
      "docs/guide.md",
      "src/old.ts",
      "src/big.ts",
      "test/old.test.ts",
      "config.yaml",
      "data.csv",
      "LICENSE",
      "src/new.ts",
    ]);
  });

  it("counts exactly what the packed context has, and never goes over the budget", async () => {
    const { read } = snapshotOfTexts(repository);
    for (const budget of [150, 400, 1000, 1777, 2500, 5000, 8000, 20_000]) {
      const tokens = new TokenCache(new ByteTokenizer(), null);
      const made = await plan(budget, { tokens, frameTokens: 12 });
      const packed = await packContext({ plan: made, frame: new Int32Array(12), read, tokens });
      assert.equal(packed.tokens.length, 12 + made.mapTokens + made.tokens);
      assert.ok(packed.tokens.length <= budget, `${packed.tokens.length} > ${budget}`);
      const sum = made.documents.filter((entry) => entry.included).reduce((total, entry) => total + entry.tokens, 0);
      assert.equal(sum, made.tokens);
      assert.ok(made.mapTokens <= 0.03 * budget);
    }
  });

  it("lets smaller files in where a large one does not fit, and says why each is out", async () => {
    const made = await plan(1500);
    assert.ok(included(made).includes("src/new.ts"));
    assert.ok(included(made).includes("test/old.test.ts"));
    const big = made.documents.find((entry) => entry.document.path === "src/big.ts")!;
    assert.equal(big.included, false);
    assert.equal(big.reason, "over the budget of 1,500 tokens");
    assert.ok(big.tokens > 1500);
    assert.equal(made.documents.length, Object.keys(repository).length);
    const states = made.documents.map((entry) => entry.included);
    assert.deepEqual(
      states,
      states.toSorted((a, b) => Number(b) - Number(a)),
    );
  });

  it("gives room to source before tests and data when not all fits", async () => {
    const made = await plan(450);
    assert.deepEqual(included(made), ["README.md", "package.json", "docs/guide.md", "config.yaml", "src/new.ts"]);
  });

  it("is the same for the same input", async () => {
    assert.deepEqual(await plan(1500), await plan(1500));
  });

  it("an edit moves its file to the end and leaves the tokens before it as they were", async () => {
    const edited: Record<string, string> = { ...repository };
    delete (edited as Partial<typeof repository>)["src/old.ts"];
    edited["src/old.ts"] = `${repository["src/old.ts"]}export default a;\n`;
    const tokenizer = new ByteTokenizer();
    const pack = async (texts: Readonly<Record<string, string>>): Promise<PackedContext> => {
      const { snapshot, read } = snapshotOfTexts(texts);
      const tokens = new TokenCache(tokenizer, null);
      const made = await planContext({ snapshot, budget: 50_000, read, tokens });
      return packContext({ plan: made, frame: new Int32Array(0), read, tokens });
    };
    const before = await pack(repository);
    const after = await pack(edited);
    assert.equal(included(after.plan).at(-1), "src/old.ts");
    // Map, manifests and documentation stand before the edited file.
    const same = before.segments.find((segment) => segment.document?.path === "src/old.ts")!.start;
    assert.ok(same > 50);
    assert.deepEqual(after.tokens.subarray(0, same), before.tokens.subarray(0, same));
  });

  it("estimates without a tokenizer, not far from the count", async () => {
    const folder = path.join(import.meta.dirname, "../../../src/engine/context");
    const sources = readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name), "utf8")] as const);
    const { snapshot, read } = snapshotOfTexts(Object.fromEntries(sources));
    const estimate = await plan(100_000, { snapshot, read, tokens: null });
    const exact = await plan(100_000, { snapshot, read });
    assert.ok(estimate.documents.every((entry) => entry.estimated));
    assert.ok(exact.documents.every((entry) => !entry.estimated));
    const ratio = estimate.tokens / exact.tokens;
    assert.ok(ratio > 0.6 && ratio < 1.6, String(ratio));
  });

  it("refuses a budget in which nothing fits, naming one that is enough", async () => {
    const needed = await plan(20).then(
      () => assert.fail("a plan was made"),
      (error: unknown) => {
        assert.ok(hasCode("LS-401")(error));
        return Number(/at least (\d+)/.exec((error as Error).message)?.[1]);
      },
    );
    assert.ok(included(await plan(needed)).length > 0);
  });

  it("stops when it is told to", async () => {
    await assert.rejects(plan(1000, { signal: AbortSignal.abort() }), hasCode("LS-900"));
  });
});
