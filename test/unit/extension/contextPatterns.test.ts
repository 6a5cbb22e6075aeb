import assert from "node:assert/strict";
import { Minimatch } from "minimatch";
import { including, patternFor, without } from "../../../src/extension/commands/contextPatterns";

/** Matches as the engine does: see excludeMatcher in engine/workspace/list.ts. */
function matches(pattern: string, path: string): boolean {
  return new Minimatch(pattern.replace(/^\//, ""), {
    dot: true,
    matchBase: !pattern.includes("/"),
    nonegate: true,
    nocomment: true,
  }).match(path);
}

describe("patterns of chosen files", () => {
  const odd = [
    "README.md",
    "src/app/[id]/page.tsx",
    "src/{a,b}.ts",
    "src/(group)/+page.svelte",
    "src/!negated.ts",
    "!first.ts",
    "#hash.md",
    "src/#hash.md",
    "src/what?.ts",
    "src/**stars*.ts",
    "src/back\\slash.ts",
    "src/a]b.ts",
    "src/@(x|y).ts",
    "src/{1..3}.ts",
    "src/[!a].ts",
    ".github/workflows/ci.yml",
    "src/für uns.ts",
    " leading.ts",
  ];
  for (const path of odd) {
    it(`match ${path} and nothing else`, () => {
      const pattern = patternFor(path, false);
      for (const other of [
        ...odd,
        `deep/${path}`,
        `${path}x`,
        "src/a.ts",
        "src/1.ts",
        "src/x.ts",
        "src/app/i/page.tsx",
      ]) {
        assert.equal(matches(pattern, other), other === path, `${pattern} and ${other}`);
      }
    });
  }

  it("match all that is below a folder, and no folder that begins alike", () => {
    const pattern = patternFor("src/[id]", true);
    assert.ok(matches(pattern, "src/[id]/a.ts"));
    assert.ok(matches(pattern, "src/[id]/deep/.hidden"));
    assert.ok(!matches(pattern, "src/[id]x/a.ts"));
    assert.ok(!matches(pattern, "src/i/a.ts"));
    assert.ok(!matches(patternFor("src", true), "lib/src/a.ts"));
  });

  it("are added once and removed exactly", () => {
    assert.deepEqual(including(["a", "b"], ["b", "c"]), ["a", "b", "c"]);
    assert.deepEqual(without(["a", "b", "a/**"], ["a"]), ["b", "a/**"]);
  });
});
