import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { FolderCounts } from "../../../src/engine/workspace/folderCounts";
import type { Snapshot } from "../../../src/engine/workspace/types";
import { folderRoot, takeSnapshot } from "../../../src/engine/workspace/walk";
import { makeLargeTree } from "../../bench/largeTree";
import { git, Scratch, snapshotOf, write } from "./scratch";

const countOf = (snapshot: Snapshot): number =>
  snapshot.documents.length + snapshot.excluded.reduce((sum, { files }) => sum + (files ?? 1), 0);

/** Everything below a folder that is no folder, counted by another program. */
const found = (dir: string): number =>
  execFileSync("find", [dir, "!", "-type", "d", "-print0"], { maxBuffer: 1 << 28 }).filter((byte) => byte === 0).length;

describe("every file is either in or left out with a reason", () => {
  const scratch = new Scratch();

  it("in a repository with everything", async () => {
    const dir = scratch.folder();
    makeLargeTree(dir, 2000, 4e6);
    git(dir, "init", "--quiet");
    write(dir, {
      ".longsightignore": "!build/out/\n!anchor/**/node_modules/dependency/lib/index.js\n",
      "pipe/a\nb.ts": "a\n",
      "ü b/c#d.ts": "a\n",
      "secret/.env": "A=1\n",
    });
    symlinkSync("nowhere", path.join(dir, "broken"));
    symlinkSync("..", path.join(dir, "secret/loop"));
    execFileSync("mkfifo", [path.join(dir, "pipe/fifo")]);
    mkdirSync(path.join(dir, "node_modules/nothing"), { recursive: true });
    const snapshot = await snapshotOf(dir);
    assert.equal(countOf(snapshot), found(dir));
    assert.ok(snapshot.documents.length > 1000);
    assert.ok(snapshot.excluded.every(({ reason }) => reason !== ""));
    const places = [...snapshot.documents, ...snapshot.excluded].map(({ path: file }) => file);
    assert.equal(new Set(places).size, places.length);
  });

  it("with random rules that hide and show again", async function () {
    this.timeout(60_000);
    let state = 7;
    const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
    const names = ["a", "b", "build", "node_modules", "x.ts", "y.min.js", ".env", "z.png"];
    for (let round = 0; round < 40; round++) {
      const files: Record<string, string> = { "keep.ts": "k\n" };
      for (let i = 0; i < 40; i++) {
        const folders = Array.from({ length: random(4) }, () => `${names[random(4)]!}/`).join("");
        files[`${folders}${names[4 + random(4)]!}`] = `${i}\n`;
      }
      const rule = (): string => `${random(3) === 0 ? "!" : ""}${names[random(8)]!}${random(2) === 0 ? "/" : ""}\n`;
      const at = (name: string): string => `${random(2) === 0 ? "" : `${names[random(4)]!}/`}${name}`;
      files[at(".gitignore")] = rule() + rule();
      files[at(".longsightignore")] = `${rule()}!build/a/x.ts\n`;
      const dir = scratch.folder(files);
      if (random(2) === 0) git(dir, "init", "--quiet");
      const exclude = random(2) === 0 ? ["**/b"] : [];
      const snapshot = await snapshotOf(dir, { exclude }).catch(() => null);
      if (snapshot !== null) assert.equal(countOf(snapshot), found(dir), JSON.stringify(files));
    }
  });

  it("with a root inside a root", async () => {
    const outer = scratch.folder({ "a.ts": "1\n", "in/b.ts": "2\n", "in/node_modules/c.js": "3\n", "in/d.png": "4" });
    const roots = [folderRoot(outer), folderRoot(path.join(outer, "in"))];
    const snapshot = await takeSnapshot({ roots, exclude: [], maxFileBytes: 1e6 });
    assert.equal(countOf(snapshot), found(outer));
  });

  it("folders are counted again when that is asked for", async () => {
    const dir = scratch.folder({ "a.ts": "1\n", "node_modules/b.js": "2\n" });
    const counts = new FolderCounts();
    const inside = async (countAnew: boolean): Promise<number | undefined> =>
      (await snapshotOf(dir, { counts, countAnew })).excluded[0]?.files;
    assert.equal(await inside(false), 1);
    write(dir, { "node_modules/c.js": "3\n" });
    assert.equal(await inside(false), 1);
    assert.equal(await inside(true), 2);
    assert.equal(await inside(false), 2);
  });
});
