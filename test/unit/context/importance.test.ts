import assert from "node:assert/strict";
import { globMatcher, folderMatcher } from "../../../src/engine/context/globs";
import { byImportance, rank } from "../../../src/engine/context/importance";
import { importsOf } from "../../../src/engine/context/imports";
import { Uses } from "../../../src/engine/context/uses";
import { snapshotOfTexts } from "./workspace";

describe("imports", () => {
  const names = (languageId: string, text: string): string[] =>
    importsOf(languageId, text).map(({ parts, up }) => `${up === null ? "" : `${up}:`}${parts.join("/")}`);

  it("are found in the forms of many languages", () => {
    assert.deepEqual(names("typescript", 'import { a } from "./b/c";\nexport * from "../d.js";\nimport("x");\n'), [
      "0:b/c",
      "1:d.js",
      "x",
    ]);
    assert.deepEqual(names("python", "from .a.b import c\nimport os.path\n"), ["0:a/b/c", "os/path"]);
    assert.deepEqual(names("go", 'import (\n\t"fmt"\n\tlog "example.com/demo/log"\n)\n'), [
      "fmt",
      "example.com/demo/log",
    ]);
    assert.deepEqual(names("rust", "mod codec;\nuse crate::frame::Decoder;\n"), ["codec", "frame/Decoder"]);
    assert.deepEqual(names("java", "import static a.b.Price;\n"), ["a/b/Price"]);
    assert.deepEqual(names("cpp", '#include "esa/ops.h"\n#include <vector>\n'), ["esa/ops.h", "vector"]);
    assert.deepEqual(names("ruby", "require_relative 'tides/clock'\n"), ["tides/clock"]);
    assert.deepEqual(names("css", '@import "base.css";\n'), ["base.css"]);
    assert.deepEqual(names("typescript", "const from = 1; // nothing is imported\n"), []);
  });
});

describe("uses", () => {
  const texts = {
    "src/core/parser.ts": "export class Parser {}\n",
    "src/core/index.ts": 'export * from "./parser.js";\n',
    "src/a.ts": 'import { Parser } from "./core/parser";\nimport { x } from "./core";\n',
    "src/b.ts": 'import { Parser } from "./core/parser";\nimport { Parser as P } from "./core/parser";\n',
    "py/tides/clock.py": "LIMIT = 1\n",
    "py/tides/__init__.py": "from .clock import LIMIT\n",
    "py/main.py": "from tides.clock import LIMIT\nimport tides\n",
    "go/log/log.go": "package log\n",
    "java/a/b/Price.java": "package a.b;\n",
    "java/Main.java": "import a.b.Price;\n",
    "native/ops.h": "int f();\n",
    "native/ops.c": '#include "ops.h"\n',
    "other/util.ts": "",
    "another/util.ts": "",
    "third/util.ts": 'import "util";\n',
  };

  it("counts the other files that import a file, each once", async () => {
    const { snapshot, read } = snapshotOfTexts(texts);
    const counts = await new Uses().count(snapshot.documents, read);
    const byPath = new Map([...counts].map(([document, count]) => [document.path, count]));
    assert.equal(byPath.get("src/core/parser.ts"), 3);
    assert.equal(byPath.get("src/core/index.ts"), 1);
    assert.equal(byPath.get("py/tides/clock.py"), 2);
    assert.equal(byPath.get("py/tides/__init__.py"), 1);
    assert.equal(byPath.get("java/a/b/Price.java"), 1);
    assert.equal(byPath.get("native/ops.h"), 1);
    assert.equal(byPath.get("other/util.ts"), undefined, "a name that three files have says nothing");
    assert.equal(byPath.get("src/a.ts"), undefined);
  });

  it("reads a text once", async () => {
    const { snapshot, read } = snapshotOfTexts(texts);
    const uses = new Uses();
    const first = await uses.count(snapshot.documents, read);
    const again = await uses.count(snapshot.documents, () => Promise.reject(new Error("it is read again")));
    assert.deepEqual(again, first);
  });
});

describe("importance", () => {
  const { snapshot } = snapshotOfTexts({
    "docs/long.md": "word ".repeat(1000),
    "docs/short.md": "# Short\n",
    "package.json": "{}\n",
    "README.md": "# Demo\n",
    "test/a.test.ts": "a;\n",
    "config.yaml": "a: 1\n",
    "src/used.ts": "export {};\n",
    "src/pinned.ts": "export {};\n",
    "src/new.ts": "export {};\n",
  });
  const document = (path: string) => snapshot.documents.find((one) => one.path === path)!;

  it("is: pinned, readme, manifest, a share of documentation, source by use, more documentation, tests, the rest", () => {
    const uses = new Map([[document("src/used.ts"), 30]]);
    const ranked = rank(snapshot.documents, uses, ({ path }) => path === "src/pinned.ts");
    assert.deepEqual(
      byImportance(ranked, 100).map((entry) => entry.document.path),
      [
        "src/pinned.ts",
        "README.md",
        "package.json",
        "docs/short.md",
        "src/used.ts",
        "src/new.ts",
        "docs/long.md",
        "test/a.test.ts",
        "config.yaml",
      ],
    );
  });
});

describe("patterns and folders of the settings", () => {
  const { snapshot } = snapshotOfTexts({
    "a.ts": "",
    "src/a.ts": "",
    "src/deep/b.ts": "",
    "src2/c.ts": "",
    "x/src/d.ts": "",
  });
  const one = [{ uri: "file:///w", name: "w" }];
  const two = [...one, { uri: "file:///x", name: "x" }];
  const matched = (matches: (document: (typeof snapshot.documents)[number]) => boolean): string[] =>
    snapshot.documents.filter(matches).map(({ path }) => path);

  it("match names anywhere, paths from the root, and all in a folder", () => {
    assert.deepEqual(matched(globMatcher(["a.ts"], one)), ["a.ts", "src/a.ts"]);
    assert.deepEqual(matched(globMatcher(["/a.ts"], one)), ["a.ts"]);
    assert.deepEqual(matched(globMatcher(["src/**"], one)), ["src/a.ts", "src/deep/b.ts"]);
    assert.deepEqual(matched(globMatcher(["src/deep"], one)), ["src/deep/b.ts"]);
    assert.deepEqual(matched(globMatcher([], one)), []);
    assert.deepEqual(matched(globMatcher(["src/**"], two)), ["src/a.ts", "src/deep/b.ts", "x/src/d.ts"]);
  });

  it("limit to folders, as they are in each root", () => {
    assert.deepEqual(matched(folderMatcher(["src"], one)), ["src/a.ts", "src/deep/b.ts"]);
    assert.deepEqual(matched(folderMatcher(["./src/deep/"], one)), ["src/deep/b.ts"]);
    assert.deepEqual(matched(folderMatcher(["src"], two)), ["src/a.ts", "src/deep/b.ts", "x/src/d.ts"]);
    assert.equal(matched(folderMatcher([], one)).length, 5);
    assert.equal(matched(folderMatcher(["."], one)).length, 5);
  });
});
