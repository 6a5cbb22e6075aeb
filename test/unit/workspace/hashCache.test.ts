import assert from "node:assert/strict";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BoundedFolder } from "../../../src/engine/disk";
import type { FileStat } from "../../../src/engine/workspace/fileSystem";
import { HashCache, hashesFolder } from "../../../src/engine/workspace/hashCache";
import { hasCode, pathsOf, reasonsOf, Scratch, snapshotOf } from "./scratch";

const stat: FileStat = { kind: "file", bytes: 4, mtimeMs: 1700000000000.125, ctimeMs: 1700000000001.5, inode: 42 };
const facts = { contentHash: "ab".repeat(32), reason: null };
const LATER = stat.ctimeMs + 60_000;

describe("what files held", () => {
  const scratch = new Scratch();

  it("is known while size, times and inode are the same", () => {
    const hashes = new HashCache();
    hashes.set("file:///a", stat, facts, LATER);
    assert.equal(hashes.get("file:///a", { ...stat })?.contentHash, facts.contentHash);
    for (const changed of [{ bytes: 5 }, { mtimeMs: stat.mtimeMs + 0.25 }, { ctimeMs: 0 }, { inode: 43 }]) {
      assert.equal(hashes.get("file:///a", { ...stat, ...changed }), null, JSON.stringify(changed));
    }
    hashes.invalidate("file:///a");
    assert.equal(hashes.get("file:///a", stat), null);
  });

  it("is not kept of a file that was just written, or whose times are not known", () => {
    const hashes = new HashCache();
    hashes.set("file:///a", stat, facts, stat.mtimeMs + 100);
    hashes.set("file:///b", { ...stat, mtimeMs: 0, ctimeMs: 0 }, facts, LATER);
    assert.equal(hashes.get("file:///a", stat), null);
    assert.equal(hashes.get("file:///b", { ...stat, mtimeMs: 0, ctimeMs: 0 }), null);
  });

  it("comes back from disk, without a file being read", async () => {
    const files = { "a.ts": "one\n", "b ü.ts": "two\n", bin: Uint8Array.of(0, 1), "gen.go": "// @generated\nx\n" };
    const dir = scratch.folder(files);
    const folder = hashesFolder(scratch.folder());
    const first = new HashCache();
    // What was changed a moment ago is not kept: ctime cannot be set back, so a second look comes later.
    const before = await snapshotOf(dir, { hashes: first });
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await snapshotOf(dir, { hashes: first });
    assert.ok(first.isWorthSaving);
    await first.save(folder, "x");
    assert.ok(first.isSaved);
    const second = new HashCache();
    await second.load(folder, "x");
    // A hash that no file has shows that it is taken from the cache.
    const lines = readFileSync(folder.file("x"), "latin1");
    assert.equal(lines.split("\n").length, 4);
    const after = await snapshotOf(dir, { hashes: second });
    assert.ok(second.isSaved, "every file was known");
    assert.deepEqual(pathsOf(after), pathsOf(before));
    assert.deepEqual(reasonsOf(after), reasonsOf(before));
    writeFileSync(path.join(dir, "a.ts"), "new\n");
    utimesSync(path.join(dir, "a.ts"), new Date(0), new Date(0));
    const changed = await snapshotOf(dir, { hashes: second });
    assert.notEqual(changed.documents[0]?.contentHash, before.documents[0]?.contentHash);
  });

  it("is nothing when the file is missing, cut short, altered or of another version", async () => {
    const folder = hashesFolder(scratch.folder());
    const hashes = new HashCache();
    hashes.set("file:///a", stat, facts, LATER);
    await hashes.save(folder, "x");
    const good = readFileSync(folder.file("x"), "latin1");
    const known = async (data: string | null): Promise<boolean> => {
      if (data !== null) writeFileSync(folder.file("x"), data, "latin1");
      const loaded = new HashCache();
      await loaded.load(folder, data === null ? "missing" : "x");
      return loaded.get("file:///a", stat) !== null;
    };
    assert.equal(await known(good), true);
    assert.equal(await known(null), false);
    assert.equal(await known(good.slice(0, -1)), false);
    assert.equal(await known(good.replace("\t42\t", "\t43\t")), false);
    assert.equal(await known(good.replace("LSHASH01", "LSHASH00")), false);
    assert.equal(await known(""), false);
    assert.equal(await known("LSHASH01"), false);
  });

  it("is not kept of files that are gone", async () => {
    const hashes = new HashCache();
    hashes.set("file:///a", stat, facts, LATER);
    hashes.set("file:///b", stat, facts, LATER);
    hashes.retain(new Set(["file:///a"]));
    assert.equal(hashes.get("file:///b", stat), null);
    assert.ok(hashes.get("file:///a", stat));
    const folder = new BoundedFolder(path.join(scratch.folder({ data: "a file\n" }), "data"), ".hashes", 1);
    await assert.rejects(hashes.save(folder, "x"), hasCode("LS-501"));
  });
});
