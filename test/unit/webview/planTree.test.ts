import assert from "node:assert/strict";
import type { PlannedFile } from "../../../src/shared/protocol";
import { planUri } from "../../../src/shared/planPaths";
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

describe("planUri", () => {
  it("is the address of a file or a folder of the plan, and of nothing else", () => {
    assert.equal(planUri(files, "README.md"), "file:///w/README.md");
    assert.equal(planUri(files, "web"), "file:///w/web");
    assert.equal(planUri(files, "web/src/app"), "file:///w/web/src/app");
    assert.equal(planUri(files, "gen/x"), null);
    assert.equal(planUri(files, ".."), null);
    assert.equal(planUri([], "a"), null);
  });
});

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

  it("finds words in paths and reasons, whatever the case", () => {
    assert.deepEqual(
      planTree(files, "all", "GEN y").children.flatMap(({ children }) => children.map(({ path }) => path)),
      ["gen/y.ts"],
    );
    assert.equal(planTree(files, "all", "over budget").files, 1);
    assert.equal(planTree(files, "in", "generated").files, 0);
  });

  it("counts outlines, and says when all of a folder is pinned", () => {
    const outline = { ...file("a/x.ts", 5), outline: true };
    const tree = planTree(
      [{ ...file("a/y.ts", 5), pinned: true }, outline, { ...file("b/z.ts", 5), pinned: true }],
      "all",
    );
    assert.deepEqual(
      tree.children.map(({ path, outlines, pinned }) => [path, outlines, pinned]),
      [
        ["a", 1, false],
        ["b", 0, true],
      ],
    );
  });

  it("counts what is left out by reason", () => {
    assert.deepEqual(reasonCounts(files), [
      { reason: "generated", files: 2, tokens: 150 },
      { reason: "over the budget", files: 1, tokens: 20 },
    ]);
  });
});
