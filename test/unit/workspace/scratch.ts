import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { LongsightError } from "../../../src/shared/errors";
import { folderRoot, takeSnapshot, type WalkOptions } from "../../../src/engine/workspace/walk";
import type { Snapshot } from "../../../src/engine/workspace/types";

/** Folders made by the tests of a suite; they go away with it. */
export class Scratch {
  readonly #made: string[] = [];

  constructor() {
    after(() => this.#made.forEach((dir) => rmSync(dir, { recursive: true, force: true })));
  }

  /** A new folder with these files, each an hour old. */
  folder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
    const dir = realpathSync(mkdtempSync(path.join(tmpdir(), "longsight-test-")));
    this.#made.push(dir);
    write(dir, files);
    return dir;
  }
}

/** Writes files below a folder, as if they had been there for an hour. */
export function write(dir: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  const then = new Date(Date.now() - 3600_000);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, then, then);
  }
}

/** git with no configuration but the repository's own. */
export function git(dir: string, ...args: string[]): string {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
  return execFileSync("git", args, { cwd: dir, env, encoding: "utf8", maxBuffer: 1 << 26 });
}

/** Snapshot of one folder with the usual settings. */
export function snapshotOf(dir: string, options: Partial<WalkOptions> = {}): Promise<Snapshot> {
  return takeSnapshot({ roots: [folderRoot(dir)], exclude: [], maxFileBytes: 256 * 1024, ...options });
}

export const pathsOf = (snapshot: Snapshot): string[] => snapshot.documents.map((document) => document.path);

/** Reason by path. */
export const reasonsOf = (snapshot: Snapshot): Record<string, string> =>
  Object.fromEntries(snapshot.excluded.map(({ path: file, reason }) => [file, reason]));

/** For assert.rejects: an error of ours with this code. */
export const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof LongsightError && error.code === code;
