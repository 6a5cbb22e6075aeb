import { minimatch } from "minimatch";
import { userErrors } from "../../shared/errors";
import { fileReason, folderReason } from "./defaults";
import { type FileSystem, fileErrorCode, type FolderEntry } from "./fileSystem";
import type { FileSystems } from "./fileSystems";
import { FolderCounts } from "./folderCounts";
import { readRules, repositoryRules, rootScope } from "./gitFiles";
import { GIT_IGNORE, type IgnoreScope, OWN_IGNORE, RuleFile } from "./ignoreRules";
import { forEachLimited } from "./pool";
import type { Excluded, WorkspaceRoot } from "./types";

/** A file that no rule leaves out: its content decides. */
export interface Candidate {
  readonly uri: string;
  readonly root: Root;
  readonly place: string;
  /** Without folders. */
  readonly name: string;
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
  readonly files: FileSystems;
  /** Globs that hold in every root. */
  readonly exclude: readonly string[];
  /** Globs by the URI of the root that they hold in. */
  readonly excludeIn?: Readonly<Record<string, readonly string[]>>;
  /** Remembers how many files are in folders that are left out. */
  readonly counts?: FolderCounts;
  /** Count those anew. Default true. */
  readonly countAnew?: boolean;
  readonly signal?: AbortSignal;
  readonly onFound?: (files: number) => void;
}

export interface Root {
  readonly files: FileSystem;
  readonly place: string;
  /** Put before every path of this root. */
  readonly prefix: string;
  readonly excludes: (path: string) => boolean;
}

interface Folder {
  readonly root: Root;
  readonly place: string;
  readonly uri: string;
  /** Relative to the root with a closing `/`; empty for the root itself. */
  readonly relative: string;
  readonly scope: IgnoreScope;
  /** Set when the folder is left out, and only what `.longsightignore` re-includes is wanted from it: counts the rest. */
  readonly hiddenIn: CountedFolder | null;
}

/** A folder that is left out as a whole, while its files are counted. */
type CountedFolder = { -readonly [Key in keyof Excluded]: Excluded[Key] } & { files: number };

const CONCURRENT_FOLDERS = 16;

/**
 * Lists all files of the roots by name, without opening them.
 * @throws LongsightError LS-101, LS-102, LS-104, LS-107 for a root, LS-900 aborted
 */
export async function listFiles(options: ListOptions): Promise<Listing> {
  const roots = await Promise.all(options.roots.map((root) => openRoot(root, options)));
  const walk = new Lister(options, roots);
  const queue: Folder[] = [];
  for (const [index, root] of roots.entries()) {
    const uri = (options.roots[index]?.uri ?? "").replace(/\/$/, "");
    const scope = await rootScope(root.files, root.place);
    queue.push({ root, place: root.place, uri, relative: "", scope, hiddenIn: null });
  }
  await forEachLimited(queue, CONCURRENT_FOLDERS, options.signal, async (folder) => {
    for (const inner of await walk.list(folder)) queue.push(inner);
    options.onFound?.(walk.listing.candidates.length);
  });
  return walk.listing;
}

async function openRoot(root: WorkspaceRoot, options: ListOptions): Promise<Root> {
  const own = options.excludeIn?.[root.uri] ?? [];
  return {
    ...(await requireFolder(root, options.files)),
    prefix: options.roots.length > 1 ? `${root.name}/` : "",
    excludes: excludeMatcher([...options.exclude, ...own]),
  };
}

/** A root that is there. @throws LongsightError LS-101, LS-102, LS-104, LS-107 */
export async function requireFolder(
  root: WorkspaceRoot,
  systems: FileSystems,
): Promise<{ readonly files: FileSystem; readonly place: string }> {
  const files = systems.of(root.uri);
  const place = files.place(root.uri);
  const label = files.label(place);
  try {
    const facts = await files.stat(place, true);
    if (facts.kind !== "folder") throw userErrors.notAFolder(label);
  } catch (error) {
    const code = fileErrorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw userErrors.folderMissing(label);
    if (code !== undefined) throw userErrors.folderUnreadable(label, error);
    throw error;
  }
  return { files, place };
}

/** Goes through folders one by one. */
class Lister {
  readonly listing: Listing = { candidates: [], excluded: [] };
  readonly #rootPlaces: ReadonlyMap<FileSystem, ReadonlySet<string>>;
  readonly #counts: FolderCounts;
  readonly #countAnew: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor(options: ListOptions, roots: readonly Root[]) {
    this.#counts = options.counts ?? new FolderCounts();
    this.#countAnew = options.countAnew ?? true;
    this.#signal = options.signal;
    const places = new Map<FileSystem, Set<string>>();
    for (const { files, place } of roots) places.set(files, (places.get(files) ?? new Set()).add(place));
    this.#rootPlaces = places;
  }

  /** Adds one folder's files to the listing and returns the folders inside it that are walked too. */
  async list(folder: Folder): Promise<Folder[]> {
    const { root } = folder;
    const entries = await this.#entriesOf(folder);
    const scope = await enterScope(folder, entries);
    const inner: Folder[] = [];
    for (const entry of entries) {
      if (entry.kind === "folder") {
        const next = await this.#enter(folder, entry.name, scope);
        if (next !== null) inner.push(next);
      } else if (entry.kind === "file") {
        this.#addFile(folder, entry.name, scope);
      } else if (entry.kind === "link") {
        const place = root.files.join(folder.place, entry.name);
        this.#leaveOut(
          folder,
          entry.name,
          folder.hiddenIn === null ? await root.files.linkReason(place, root.place) : "",
        );
      } else {
        this.#leaveOut(folder, entry.name, "not a regular file");
      }
    }
    return inner;
  }

  /** A folder as it is to be walked; null when it is left out, or walked as a root of its own. */
  async #enter(folder: Folder, entryName: string, scope: IgnoreScope): Promise<Folder | null> {
    const { root } = folder;
    const place = root.files.join(folder.place, entryName);
    if (this.#rootPlaces.get(root.files)?.has(place) === true) return null;
    const name = `${entryName}/`;
    const relative = folder.relative + name;
    const { wanted, reason } = decide(folder, relative, scope, folderReason(entryName));
    const uri = root.files.uri(folder.uri, entryName);
    let { hiddenIn } = folder;
    if (wanted) hiddenIn = null;
    else if (hiddenIn === null && reason !== null) {
      hiddenIn = { uri, path: root.prefix + relative, bytes: 0, reason, files: 0 };
      this.listing.excluded.push(hiddenIn);
    }
    if (hiddenIn !== null && !scope.reincludesInside(relative)) {
      hiddenIn.files += await this.#counts.count(root.files, place, this.#countAnew, this.#signal);
      return null;
    }
    return { root, place, uri, relative, scope, hiddenIn };
  }

  #addFile(folder: Folder, name: string, scope: IgnoreScope): void {
    const { root } = folder;
    const relative = folder.relative + name;
    const { wanted, reason } = decide(folder, relative, scope, fileReason(relative));
    if (reason !== null || (!wanted && folder.hiddenIn !== null)) {
      this.#leaveOut(folder, name, reason ?? "");
      return;
    }
    const place = root.files.join(folder.place, name);
    const uri = root.files.uri(folder.uri, name);
    this.listing.candidates.push({ uri, root, place, name, path: root.prefix + relative, wanted });
  }

  #leaveOut(folder: Folder, name: string, reason: string): void {
    if (folder.hiddenIn !== null) {
      folder.hiddenIn.files++;
      return;
    }
    const path = folder.root.prefix + folder.relative + name;
    this.listing.excluded.push({ uri: folder.root.files.uri(folder.uri, name), path, bytes: 0, reason });
  }

  async #entriesOf(folder: Folder): Promise<readonly FolderEntry[]> {
    const { root, place, relative, uri } = folder;
    try {
      return await root.files.list(place);
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === undefined) throw error;
      if (relative === "") throw userErrors.folderUnreadable(root.files.label(place), error);
      // It was removed since its parent was listed: it is no part of the workspace any more.
      if (code !== "ENOENT" && code !== "ENOTDIR" && folder.hiddenIn === null) {
        const reason = `cannot be read (${code})`;
        this.listing.excluded.push({ uri, path: root.prefix + relative, bytes: 0, reason, files: 0 });
      }
      return [];
    }
  }
}

/** What the rules and the defaults say. A rule of `.longsightignore` that wants a path overrules both. */
function decide(
  folder: Folder,
  relative: string,
  scope: IgnoreScope,
  byDefault: string | null,
): { readonly wanted: boolean; readonly reason: string | null } {
  if (folder.root.excludes(relative)) return { wanted: false, reason: "excluded in the settings" };
  const decision = scope.decide(relative);
  if (decision.kind === "included") return { wanted: true, reason: null };
  return { wanted: false, reason: decision.kind === "ignored" ? decision.reason : byDefault };
}

async function enterScope(folder: Folder, entries: readonly FolderEntry[]): Promise<IgnoreScope> {
  const { relative, root, place } = folder;
  const toRelative = (file: string): string | null => (file.startsWith(relative) ? file.slice(relative.length) : null);
  const read = async (name: string): Promise<RuleFile | null> => {
    if (!entries.some((entry) => entry.name === name && entry.kind === "file")) return null;
    const text = await readRules(root.files, root.files.join(place, name));
    return text === null ? null : new RuleFile(relative + name, text, toRelative);
  };
  const isRepository = relative !== "" && entries.some((entry) => entry.name === ".git");
  const rules = isRepository ? await repositoryRules(root.files, place, toRelative) : null;
  const scope = rules === null ? folder.scope : folder.scope.enterRepository(rules);
  return scope.enter(await read(OWN_IGNORE), await read(GIT_IGNORE));
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
