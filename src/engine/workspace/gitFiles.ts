import { readFile } from "node:fs/promises";
import path from "node:path";
import { GIT_IGNORE, IgnoreScope, RuleFile } from "./ignoreRules";

/** Text of a file, or null when there is none or it cannot be read: rules that cannot be read rule nothing. */
export async function readRules(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return null;
  }
}

/**
 * The rules that hold at a root before its own files are read: `.gitignore` of the folders above it, up to the top of the
 * repository, and the repository's `info/exclude`.
 */
export async function rootScope(root: string): Promise<IgnoreScope> {
  const above: RuleFile[] = [];
  for (let folder = root, prefix = ""; ;) {
    if (folder !== root) {
      const text = await readRules(path.join(folder, GIT_IGNORE));
      const upward = prefix;
      const label = path.relative(root, path.join(folder, GIT_IGNORE)).split(path.sep).join("/");
      if (text !== null) above.push(new RuleFile(label, text, (file) => upward + file));
    }
    const gitDir = await findGitDir(folder);
    if (gitDir !== null) {
      const text = await readRules(path.join(gitDir, "info", "exclude"));
      const upward = prefix;
      if (text !== null) above.push(new RuleFile(".git/info/exclude", text, (file) => upward + file));
      return new IgnoreScope([], above);
    }
    const parent = path.dirname(folder);
    // Outside a repository nothing above the root rules it.
    if (parent === folder) return new IgnoreScope();
    prefix = `${path.basename(folder)}/${prefix}`;
    folder = parent;
  }
}

/** The common git directory of a work tree's top folder; null when the folder is not one. */
async function findGitDir(folder: string): Promise<string | null> {
  const dotGit = path.join(folder, ".git");
  if ((await readRules(path.join(dotGit, "HEAD"))) !== null) return dotGit;
  // In linked work trees and submodules `.git` is a file that names the directory.
  const pointer = /^gitdir: (.+)$/m.exec((await readRules(dotGit)) ?? "")?.[1];
  if (pointer === undefined) return null;
  const gitDir = path.resolve(folder, pointer.trim());
  const common = await readRules(path.join(gitDir, "commondir"));
  return common === null ? gitDir : path.resolve(gitDir, common.trim());
}
