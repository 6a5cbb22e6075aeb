import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { createLog } from "../../../src/engine/log";
import { fileErrorCode } from "../../../src/engine/workspace/fileSystem";
import { NodeFileSystem } from "../../../src/engine/workspace/nodeFiles";
import { folderRoot } from "../../../src/engine/workspace/walk";
import { WorkspaceHost } from "../../../src/engine/workspaceHost";
import { defaultSettings } from "../../../src/shared/defaults";
import { pathsOf, reasonsOf, Scratch, snapshotOf } from "./scratch";

/** Runs work as a user for whom permissions hold: the super-user can write anywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.("nobody");
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

describe("where a walk writes", () => {
  const scratch = new Scratch();
  const stateOf = (dir: string): string =>
    execFileSync("find", [dir, "-printf", "%p %T@ %C@ %s\\n"], { encoding: "utf8" });

  async function planOnce(dir: string, dataDir: string): Promise<{ readonly files: string[]; readonly log: string[] }> {
    const log: string[] = [];
    const host = new WorkspaceHost(
      [folderRoot(dir)],
      createLog((line) => log.push(line), "warn"),
    );
    const { snapshot, read } = await host.take({ ...defaultSettings, dataDir }, { count: true });
    for (const document of snapshot.documents) assert.ok(await read(document));
    await host.dispose();
    return { files: pathsOf(snapshot), log };
  }

  it("never into the workspace, even when it is read-only", async () => {
    const dir = scratch.folder({ "a.ts": "a\n", "sub/b.ts": "b\n", ".gitignore": "*.log\n" });
    const dataDir = scratch.folder();
    chmodSync(dataDir, 0o777);
    chmodSync(path.join(dir, "sub"), 0o555);
    chmodSync(dir, 0o555);
    // A file that was changed a moment ago is not kept: later it is.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const before = stateOf(dir);
    const { files, log } = await asNobody(() => planOnce(dir, dataDir));
    assert.deepEqual([files, log], [[".gitignore", "a.ts", "sub/b.ts"], []]);
    assert.equal(stateOf(dir), before);
    assert.ok(existsSync(path.join(dataDir, "hashes")));
    chmodSync(dir, 0o755);
    chmodSync(path.join(dir, "sub"), 0o755);
  });

  it("a data folder that cannot be written costs a line in the log", async () => {
    const dir = scratch.folder({ "a.ts": "a\n" });
    const readOnly = scratch.folder();
    chmodSync(readOnly, 0o555);
    chmodSync(dir, 0o755);
    const occupied = path.join(scratch.folder({ data: "a file\n" }), "data");
    await new Promise((resolve) => setTimeout(resolve, 2100));
    for (const dataDir of [occupied, path.join(occupied, "deeper"), readOnly]) {
      const { files, log } = await asNobody(() => planOnce(dir, dataDir));
      assert.deepEqual(files, ["a.ts"], dataDir);
      assert.equal(log.length, 1, log.join("\n"));
      assert.match(log[0] ?? "", /not kept for the next start/);
    }
  });
});

describe("links that appear during a walk", () => {
  const scratch = new Scratch();

  it("in place of a file are not followed", async () => {
    const outside = scratch.folder({ secret: "secret\n" });
    const dir = scratch.folder({ "a.ts": "a\n", "b.ts": "b\n" });
    let swapped = false;
    const snapshot = await snapshotOf(dir, {
      onProgress: () => {
        if (swapped) return;
        swapped = true;
        rmSync(path.join(dir, "a.ts"));
        symlinkSync(path.join(outside, "secret"), path.join(dir, "a.ts"));
      },
    });
    assert.deepEqual(pathsOf(snapshot), ["b.ts"]);
    assert.deepEqual(reasonsOf(snapshot), { "a.ts": "link" });
  });

  it("in place of a folder are not followed", async () => {
    const outside = scratch.folder({ "a.ts": "secret\n" });
    const dir = scratch.folder({ "sub/a.ts": "a\n", "b.ts": "b\n", "z/c.ts": "c\n" });
    const snapshot = await snapshotOf(dir, {
      onProgress: (_, total) => {
        if (total < 3 || !existsSync(path.join(dir, "sub/a.ts")) || existsSync(path.join(dir, "moved"))) return;
        renameSync(path.join(dir, "sub"), path.join(dir, "moved"));
        symlinkSync(outside, path.join(dir, "sub"));
      },
    });
    assert.deepEqual(pathsOf(snapshot), ["b.ts", "z/c.ts"]);
    assert.deepEqual(reasonsOf(snapshot), { "sub/a.ts": "cannot be read (ELOOP)" });
  });

  it("nor does a pipe stop the walk", async () => {
    const dir = scratch.folder({ "a.ts": "a\n" });
    execFileSync("mkfifo", [path.join(dir, "pipe")]);
    const files = new NodeFileSystem();
    await assert.rejects(files.read(path.join(dir, "pipe"), 100), (error) => fileErrorCode(error) === "EINVAL");
    symlinkSync("a.ts", path.join(dir, "link"));
    await assert.rejects(files.read(path.join(dir, "link"), 100), (error) => fileErrorCode(error) === "ELOOP");
  });
});
