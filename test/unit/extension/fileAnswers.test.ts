import assert from "node:assert/strict";
import { URI } from "vscode-uri";
import { hiddenBy } from "../../../src/extension/editorExcludes";
import { FileAnswerError, FileAnswers, isInside } from "../../../src/extension/fileAnswers";
import { MemoryFiles } from "../../protocol/memoryFiles";

describe("answers about files that are not on disk", () => {
  const inside: Readonly<Record<string, boolean>> = {
    "memfs://host/app": true,
    "memfs://host/app/": true,
    "memfs://host/app/a/b.ts": true,
    "memfs://host/app/a%20b": true,
    "memfs://host/apple": false,
    "memfs://host/": false,
    "memfs://host/app/../secret": false,
    "memfs://host/app/%2e%2e/secret": false,
    "memfs://host/app/a/..%5c..%5csecret": false,
    "memfs://other/app/a": false,
    "memfs:/app/a": false,
    "file:///app/a": false,
    "file://host/app/a": false,
    "memfs://host/app/a?query": false,
  };
  for (const [uri, expected] of Object.entries(inside)) {
    it(`${uri} is ${expected ? "" : "not "}inside`, () => {
      assert.equal(isInside(URI.parse(uri), URI.parse("memfs://host/app")), expected);
      assert.equal(isInside(URI.parse(uri), URI.parse("memfs://host/app/")), expected);
    });
  }

  it("everything is inside of a root that is all of its file system", () => {
    assert.ok(isInside(URI.parse("memfs:/a/b"), URI.parse("memfs:/")));
    assert.ok(!isInside(URI.parse("memfs://x/a"), URI.parse("memfs:/")));
  });

  const failsWith = (code: string) => (error: unknown) => error instanceof FileAnswerError && error.code === code;

  it("refuse malformed questions and other places before anything is touched", async () => {
    const files = new MemoryFiles(["memfs:/app"]);
    files.write("memfs:/other/a", "a");
    const answers = new FileAnswers(files);
    await assert.rejects(answers.stat(null), failsWith("EINVAL"));
    await assert.rejects(answers.stat({ uri: 7 }), failsWith("EINVAL"));
    await assert.rejects(answers.read({ uri: "memfs:/app/a" }), failsWith("EINVAL"));
    await assert.rejects(answers.read({ uri: "memfs:/other/a", maxBytes: 9 }), failsWith("EACCES"));
    await assert.rejects(answers.list({ uri: "memfs:/app" }), failsWith("ENOENT"));
    assert.deepEqual(files.reads, []);
  });

  it("give a file whole, or say that it is too large, or changed", async () => {
    const files = new MemoryFiles(["memfs:/app"]);
    files.write("memfs:/app/a", Uint8Array.of(1, 2, 255), 5);
    const answers = new FileAnswers(files);
    const stat = { kind: "file", bytes: 3, mtimeMs: 5 };
    assert.deepEqual(await answers.read({ uri: "memfs:/app/a", maxBytes: 3 }), { stat, data: "AQL/" });
    assert.deepEqual(await answers.read({ uri: "memfs:/app/a", maxBytes: 2 }), { stat, data: null });
    files.beforeRead = (uri) => files.write(uri, "else", 6);
    assert.equal(await answers.read({ uri: "memfs:/app/a", maxBytes: 9 }), null);
  });
});

describe("files.exclude", () => {
  it("holds where it is true, from the top of the folder", () => {
    const exclude = {
      "**/.git": true,
      "*.tmp": true,
      "b/": true,
      "**/*.js": { when: "$(basename).ts" },
      "**/c": false,
    };
    assert.deepEqual(hiddenBy(exclude), ["**/.git", "/*.tmp", "b/"]);
  });
});
