import assert from "node:assert/strict";
import { repositoryMap } from "../../../src/engine/context/map";
import { fileFrame } from "../../../src/engine/context/frame";
import { snapshotOfTexts } from "./workspace";

const documents = (...paths: string[]) =>
  snapshotOfTexts(Object.fromEntries(paths.map((path) => [path, "text\n"]))).snapshot.documents;

const characters = (text: string): number => text.length;

describe("repository map", () => {
  const all = documents("README.md", "src/a.ts", "src/b.ts", "src/deep/er/c.ts", "test/d.ts");

  it("lists each folder with its files", () => {
    assert.equal(
      repositoryMap(all, characters, 1000),
      "Folders and files of this repository:\n./: README.md\nsrc/: a.ts, b.ts\nsrc/deep/er/: c.ts\ntest/: d.ts\n\n",
    );
  });

  it("counts what it has no room to list, the deepest first", () => {
    const full = repositoryMap(all, characters, 1000).length;
    assert.equal(
      repositoryMap(all, characters, full),
      "Folders and files of this repository:\n./: README.md\nsrc/: a.ts, b.ts, deep/ (1 file)\ntest/: d.ts\n\n",
    );
    assert.equal(
      repositoryMap(all, characters, 90),
      "Folders and files of this repository:\n./: README.md, src/ (3 files)\ntest/: d.ts\n\n",
    );
    assert.equal(repositoryMap(all, characters, 40), "");
  });

  it("a folder with very many files leaves room for others", () => {
    const wide = Array.from({ length: 300 }, (_, i) => `icons/icon-${i}.ts`);
    const map = repositoryMap(documents(...wide, "src/a.ts", "src/b/c.ts"), characters, 200);
    assert.match(map, /^\.\/: icons\/ \(300 files\)\nsrc\/: a\.ts\nsrc\/b\/: c\.ts$/m);
  });

  it("never takes more than it may", () => {
    const many = documents(...Array.from({ length: 500 }, (_, i) => `d${i % 17}/e${i % 5}/f${i}.ts`));
    for (let limit = 40; limit < 9000; limit += 97) {
      assert.ok(repositoryMap(many, characters, limit).length <= limit);
    }
  });

  it("of folders does not change when a file is added, only when a folder is", () => {
    const folders = (...more: string[]): string =>
      repositoryMap([...all, ...documents(...more)], characters, 1000, "folders");
    assert.equal(folders(), "Folders of this repository:\n./: src/, test/\nsrc/: deep/\nsrc/deep/: er/\n\n");
    assert.equal(folders("src/new.ts", "also.ts", "src/deep/er/d.ts"), folders());
    assert.notEqual(folders("lib/new.ts"), folders());
    assert.ok(repositoryMap(all, characters, 50, "folders").length <= 50);
    assert.equal(repositoryMap(documents("a.ts"), characters, 1000, "folders"), "");
  });

  it("does not change with the content of files", () => {
    const { snapshot } = snapshotOfTexts({ "README.md": "longer than before\n", "src/a.ts": "" });
    assert.equal(
      repositoryMap(snapshot.documents, characters, 1000),
      repositoryMap(documents("README.md", "src/a.ts"), characters, 1000),
    );
  });
});

describe("file frame", () => {
  const frame = (path: string, text: string) =>
    fileFrame(snapshotOfTexts({ [path]: text }).snapshot.documents[0]!, text);

  it("cannot be closed by the text", () => {
    for (const text of ["```\n", "````ts\n```\n````\n", "a ``````` b", "~~~\n``\n"]) {
      const { header, footer } = frame("a.md", text);
      const fence = /^(`+)markdown$/m.exec(header)?.[1];
      assert.ok(fence);
      assert.ok(!text.includes(fence));
      assert.ok(footer.endsWith(`${fence}\n\n`));
    }
  });

  it("keeps its heading on one line whatever the file is called", () => {
    assert.match(frame("a\nb\r### c.ts", "x\n").header, /^### a\?b\?### c\.ts \(1 line\)\n```typescript\n$/);
  });

  it("counts lines as editors do", () => {
    const lines = (text: string): string | undefined => /\((\d+) /.exec(frame("a.ts", text).header)?.[1];
    assert.equal(lines("a"), "1");
    assert.equal(lines("a\n"), "1");
    assert.equal(lines("a\r\nb\rc\n\n"), "4");
  });
});
