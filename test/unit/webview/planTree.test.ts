import assert from "node:assert/strict";
import type { PlannedFile } from "../../../src/shared/protocol";
import { planTree, reasonCounts } from "../../../src/webview/plan/tree";

const file = (path: string, tokens: number, reason: string | null = null): PlannedFile => ({
  path,
  uri: `file:///w/${path}`,
  bytes: tokens * 4,
  tokens,
  estimated: false,
  included: reason === null,
  reason: reason ?? "source",
});

const files = [
  file("web/src/app/a.ts", 10),
  file("web/src/app/b.ts", 20, "over the budget"),
  file("README.md", 5),
  file("gen/x.ts", 100, "generated"),
  file("gen/y.ts", 50, "generated"),
];

describe("planTree", () => {
  const root = planTree(files, "all");

  it("puts folders first, joins chains of folders, and names each by its path", () => {
    assert.deepEqual(
      root.children.map(({ name, path }) => [name, path]),
      [
        ["gen", "gen"],
        ["web/src/app", "web/src/app"],
        ["README.md", "README.md"],
      ],
    );
  });

  it("adds up files and tokens", () => {
    const { files: count, filesIn, tokensIn, tokensOut } = root;
    assert.deepEqual({ count, filesIn, tokensIn, tokensOut }, { count: 5, filesIn: 2, tokensIn: 15, tokensOut: 170 });
    const app = root.children[1];
    assert.deepEqual([app?.filesIn, app?.files, app?.tokensIn, app?.tokensOut], [1, 2, 10, 20]);
  });

  it("shows only what the filter lets through", () => {
    assert.deepEqual(
      planTree(files, "out").children.map(({ name }) => name),
      ["gen", "web/src/app"],
    );
    assert.equal(planTree(files, "in").files, 2);
    assert.equal(planTree([], "all").children.length, 0);
  });

  it("counts what is left out by reason", () => {
    assert.deepEqual(reasonCounts(files), [
      { reason: "generated", files: 2, tokens: 150 },
      { reason: "over the budget", files: 1, tokens: 20 },
    ]);
  });
});
