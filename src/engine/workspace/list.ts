import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { minimatch } from "minimatch";
import { URI } from "vscode-uri";
import { userErrors } from "../../shared/errors";
import { fileReason, folderReason } from "./defaults";
import { readRules, rootScope } from "./gitFiles";
import { GIT_IGNORE, type IgnoreScope, OWN_IGNORE, RuleFile } from "./ignoreRules";
import { forEachLimited } from "./pool";
import type { Excluded, WorkspaceRoot } from "./types";

/** A file that no rule leaves out: its content decides. */
export interface Candidate {
  readonly uri: string;
  readonly fsPath: string;
  /** As in Document. */
  readonly path: string;
  /** A rule of `.longsightignore` wants it in, whatever the defaults say. */
  readonly wanted: boolean;
}

/** What listing the roots found. */
export interface Listing {
  readonly candidates: Candidate[];
  readonly excluded: Excluded[];
}

export interface ListOptions {
  readonly roots: readonly WorkspaceRoot[];
  readonly exclude: readonly string[];
  readonly signal?: AbortSignal;
  readonly onFound?: (files: number) => void;
}

interface Folder {
  readonly root: Root;
  readonly fsPath: string;
  /** Relative to the root with a closing `/`; empty for the root itself. */
  readonly relative: string;
  readonly scope: IgnoreScope;
  /** The folder is left out, and only what `.longsightignore` re-includes is wanted from it. */
  readonly hidden: boolean;
}

interface Root {
  readonly fsPath: string;
  /** Put before every path of this root. */
  readonly prefix: string;
}

const CONCURRENT_FOLDERS = 16;

/**
 * Lists all files of the roots by name, without opening them.
 * @throws LongsightError LS-101, LS-102, LS-104 for a root, LS-900 aborted
 */
export async function listFiles(options: ListOptions): Promise<Listing> {
  const listing: Listing = { candidates: [], excluded: [] };
  const roots = await Promise.all(options.roots.map((root) => openRoot(root, options.roots.length > 1)));
  const rootPaths = new Set(roots.map((root) => root.fsPath));
  const queue: Folder[] = [];
  for (const root of roots) {
    queue.push({ root, fsPath: root.fsPath, relative: "", scope: await rootScope(root.fsPath), hidden: false });
  }
  const exclude = excludeMatcher(options.exclude);
  await forEachLimited(queue, CONCURRENT_FOLDERS, options.signal, async (folder) => {
    queue.push(...(await listFolder(folder, listing, exclude, rootPaths)));
    options.onFound?.(listing.candidates.length);
  });
  return listing;
}

async function openRoot(root: WorkspaceRoot, qualified: boolean): Promise<Root> {
  return { fsPath: await requireFolder(root), prefix: qualified ? `${root.name}/` : "" };
}

/** Path of a root that is there. @throws LongsightError LS-101, LS-102, LS-104 */
export async function requireFolder(root: WorkspaceRoot): Promise<string> {
  const { fsPath } = URI.parse(root.uri);
  try {
    const facts = await stat(fsPath);
    if (!facts.isDirectory()) throw userErrors.notAFolder(fsPath);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw userErrors.folderMissing(fsPath);
    if (code?.startsWith("E") === true) throw userErrors.folderUnreadable(fsPath, error);
    throw error;
  }
  return fsPath;
}

/** Adds one folder's files to the listing and returns the folders inside it that are walked too. */
async function listFolder(
  folder: Folder,
  listing: Listing,
  exclude: (path: string) => boolean,
  rootPaths: ReadonlySet<string>,
): Promise<Folder[]> {
  const { root, relative } = folder;
  const leaveOut = (name: string, reason: string): void => {
    const uri = URI.file(path.join(folder.fsPath, name)).toString();
    listing.excluded.push({ uri, path: root.prefix + relative + name, bytes: 0, reason });
  };
  const entries = await readFolder(folder, leaveOut);
  const scope = await enterScope(folder, entries);
  const inner: Folder[] = [];
  for (const entry of entries) {
    const fsPath = path.join(folder.fsPath, entry.name);
    if (entry.isSymbolicLink()) {
      if (!folder.hidden) leaveOut(entry.name, await linkReason(fsPath, root.fsPath));
      continue;
    }
    const isFolder = entry.isDirectory();
    if (!isFolder && !entry.isFile()) {
      if (!folder.hidden) leaveOut(entry.name, "not a regular file");
      continue;
    }
    // A root inside another root is walked as itself.
    if (isFolder && rootPaths.has(fsPath)) continue;
    const name = isFolder ? `${entry.name}/` : entry.name;
    const decision = exclude(relative + name)
      ? ({ kind: "ignored", reason: "excluded in the settings" } as const)
      : scope.decide(relative + name);
    const defaults = isFolder ? folderReason(entry.name) : fileReason(entry.name);
    const wanted = decision.kind === "included";
    const reason = wanted ? null : decision.kind === "ignored" ? decision.reason : defaults;
    if (isFolder) {
      const hidden = !wanted && (folder.hidden || reason !== null);
      if (reason !== null && !folder.hidden) leaveOut(name, reason);
      if (!hidden || scope.reincludesInside(relative + name)) {
        inner.push({ root, fsPath, relative: relative + name, scope, hidden });
      }
    } else if (reason === null && (wanted || !folder.hidden)) {
      listing.candidates.push({
        uri: URI.file(fsPath).toString(),
        fsPath,
        path: root.prefix + relative + name,
        wanted,
      });
    } else if (reason !== null && !folder.hidden) {
      leaveOut(name, reason);
    }
  }
  return inner;
}

async function readFolder(folder: Folder, leaveOut: (name: string, reason: string) => void): Promise<Dirent[]> {
  try {
    return await readdir(folder.fsPath, { withFileTypes: true });
  } catch (error) {
    if (folder.relative === "") throw userErrors.folderUnreadable(folder.fsPath, error);
    const code = (error as NodeJS.ErrnoException).code;
    // It was removed since its parent was listed: it is no part of the workspace any more.
    if (code !== "ENOENT" && code !== "ENOTDIR") leaveOut("", `cannot be read (${code ?? "unknown error"})`);
    return [];
  }
}

async function enterScope(folder: Folder, entries: readonly Dirent[]): Promise<IgnoreScope> {
  const read = async (name: string): Promise<RuleFile | null> => {
    if (!entries.some((entry) => entry.name === name && entry.isFile())) return null;
    const text = await readRules(path.join(folder.fsPath, name));
    if (text === null) return null;
    const { relative } = folder;
    return new RuleFile(relative + name, text, (file) =>
      file.startsWith(relative) ? file.slice(relative.length) : null,
    );
  };
  return folder.scope.enter(await read(OWN_IGNORE), await read(GIT_IGNORE));
}

/** Links are never followed: their target is read where it stands, or is none of the workspace's business. */
async function linkReason(link: string, root: string): Promise<string> {
  try {
    const relative = path.relative(await realpath(root), await realpath(link));
    const outside = relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
    return outside
      ? "link to a place outside the folder"
      : `link to ${relative.split(path.sep).join("/") || "the folder itself"}`;
  } catch {
    return "broken link";
  }
}

/** Globs as in the settings of editors: without a `/` they match a name anywhere. */
function excludeMatcher(patterns: readonly string[]): (path: string) => boolean {
  const globs = patterns.map((pattern) => {
    const rooted = pattern.replace(/^\//, "").replace(/\/$/, "");
    return new minimatch.Minimatch(rooted, {
      dot: true,
      matchBase: !pattern.includes("/"),
      nonegate: true,
      nocomment: true,
    });
  });
  return (file) => {
    const bare = file.replace(/\/$/, "");
    // `a/**` means all that is in `a`, so that the folder need not be entered.
    return globs.some(
      (glob) => glob.match(bare) || (bare !== file && glob.match(`${bare}/*`) && glob.pattern.endsWith("/**")),
    );
  };
}
