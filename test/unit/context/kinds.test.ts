import assert from "node:assert/strict";
import { type FileKind, kindOf } from "../../../src/engine/context/kinds";
import { snapshotOfTexts } from "./workspace";

describe("kinds of files", () => {
  const kinds: Readonly<Record<FileKind, readonly string[]>> = {
    manifest: [
      "package.json",
      "README.md",
      "server/go.mod",
      "Makefile",
      "CMakeLists.txt",
      "app/App.csproj",
      "BUILD.bazel",
    ],
    source: ["src/main.rs", "a/b/testimony.py", "lib/contest.go", "Dockerfile", "src/attest.ts", "web/index.html"],
    documentation: ["docs/guide.md", "a/b/c/README.md", "doc/index.rst"],
    configuration: [
      ".editorconfig",
      "tsconfig.json",
      ".github/workflows/ci.yml",
      "a/b/c/package.json",
      "a/b/c/Makefile",
    ],
    test: [
      "test/a.ts",
      "src/a.test.ts",
      "pkg/a_test.go",
      "tests/test_a.py",
      "src/__tests__/a.js",
      "FooTest.java",
      "e2e/x.ts",
    ],
    data: ["LICENSE", "CHANGELOG.md", "data.csv", "notes.txt", "fix.patch"],
  };

  for (const [kind, paths] of Object.entries(kinds)) {
    it(kind, () => {
      const { documents } = snapshotOfTexts(Object.fromEntries(paths.map((path) => [path, "text\n"]))).snapshot;
      for (const document of documents) assert.equal(kindOf(document), kind, document.path);
    });
  }
});
