import { execFile } from "node:child_process";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { FileSystem } from "./fileSystem";
import { GIT_IGNORE, IgnoreScope, RuleFile } from "./ignoreRules";
import { NodeFileSystem } from "./nodeFiles";

const run = promisify(execFile);

/** Files of rules and pointers that are larger are not read. */
const MOST_BYTES = 4 << 20;
const GIT_TIMEOUT_MS = 5000;

/** Text of a file, or null when there is none or it cannot be read: rules that cannot be read rule nothing. */
export async function readRules(files: FileSystem, place: string): Promise<string | null> {
  try {
    const data = (await files.read(place, MOST_BYTES))?.data ?? null;
    return data === null ? null : Buffer.from(data).toString("utf8");
  } catch {
    return null;
  }
}

/**
 * The rules that hold at a root before its own files are read: `.gitignore` of the folders above it, up to the top of the
 * repository, the repository's `info/exclude`, and the user's own excludes.
 */
export async function rootScope(files: FileSystem, root: string): Promise<IgnoreScope> {
  const above: RuleFile[] = [];
  for (let folder = root, prefix = "", up = ""; ;) {
    if (folder !== root) {
      const text = await readRules(files, files.join(folder, GIT_IGNORE));
      const upward = prefix;
      if (text !== null) above.push(new RuleFile(up + GIT_IGNORE, text, (file) => upward + file));
    }
    const upward = prefix;
    const rules = await repositoryRules(files, folder, (file) => upward + file);
    if (rules !== null) return new IgnoreScope([], [...above, ...rules]);
    const parent = files.parent(folder);
    // Outside a repository nothing above the root rules it.
    if (parent === null) return new IgnoreScope();
    prefix = `${path.basename(folder)}/${prefix}`;
    up += "../";
    folder = parent;
  }
}

/**
 * What rules a repository besides its `.gitignore` files, strongest first: `info/exclude`, and the excludes of the user.
 * @param folder the repository's top folder
 * @param toRelative turns a path relative to the root into one relative to this folder; null when outside
 * @returns null when the folder is not the top of a repository
 */
export async function repositoryRules(
  files: FileSystem,
  folder: string,
  toRelative: (path: string) => string | null,
): Promise<readonly RuleFile[] | null> {
  const gitDir = await findGitDir(files, folder);
  if (gitDir === null) return null;
  const rules: RuleFile[] = [];
  const text = await readRules(files, files.join(files.join(gitDir, "info"), "exclude"));
  if (text !== null) rules.push(new RuleFile(".git/info/exclude", text, toRelative));
  if (files instanceof NodeFileSystem) {
    const place = await userExcludes(folder);
    const excludes = await readRules(files, place);
    if (excludes !== null) rules.push(new RuleFile(place.replace(homedir(), "~"), excludes, toRelative));
  }
  return rules;
}

/** The common git directory of a work tree's top folder; null when the folder is not one. */
async function findGitDir(files: FileSystem, folder: string): Promise<string | null> {
  const dotGit = files.join(folder, ".git");
  if ((await readRules(files, files.join(dotGit, "HEAD"))) !== null) return dotGit;
  // In linked work trees and submodules `.git` is a file that names the directory; only a disk has places outside a root.
  if (!(files instanceof NodeFileSystem)) return null;
  const pointer = /^gitdir: (.+)$/m.exec((await readRules(files, dotGit)) ?? "")?.[1];
  if (pointer === undefined) return null;
  const gitDir = path.resolve(folder, pointer.trim());
  const common = await readRules(files, path.join(gitDir, "commondir"));
  return common === null ? gitDir : path.resolve(gitDir, common.trim());
}

/** Where the user's excludes are: `core.excludesFile` as git itself reads its many files, else git's default. */
async function userExcludes(repository: string): Promise<string> {
  const settingsFolder = process.env["XDG_CONFIG_HOME"] ?? "";
  const usual = path.join(settingsFolder === "" ? path.join(homedir(), ".config") : settingsFolder, "git", "ignore");
  try {
    // Not run inside the repository: some systems look for programs in the current folder first.
    const { stdout } = await run("git", ["-C", repository, "config", "--type=path", "--get", "core.excludesFile"], {
      cwd: homedir(),
      timeout: GIT_TIMEOUT_MS,
      windowsHide: true,
    });
    const set = stdout.trim();
    return set === "" ? usual : path.resolve(repository, set);
  } catch {
    return usual; // not set, or no git: then there is nobody who could have set it
  }
}
