import path from "node:path";
import { URI } from "vscode-uri";
import { userErrors } from "../../shared/errors";
import { throwIfAborted } from "../progress";
import { classifyBytes, classifyText, type Content, oversized } from "./content";
import { decodeLossily } from "./encoding";
import { fileErrorCode, type FileStat } from "./fileSystem";
import { FileSystems } from "./fileSystems";
import type { FolderCounts } from "./folderCounts";
import { type FileFacts, HashCache } from "./hashCache";
import { languageOf } from "./languages";
import { type Candidate, listFiles } from "./list";
import { forEachLimited } from "./pool";
import type { Document, Excluded, Snapshot, WorkspaceRoot } from "./types";

export { createReader } from "./reader";

/** What a walk needs to know. */
export interface WalkOptions {
  readonly roots: readonly WorkspaceRoot[];
  /** Glob patterns left out besides the ignore files, relative to each root. */
  readonly exclude: readonly string[];
  /** More of them, by the URI of the root that they hold in. */
  readonly excludeIn?: Readonly<Record<string, readonly string[]>>;
  /** Larger files are left out. */
  readonly maxFileBytes: number;
  /** Unsaved buffers by uri; they stand in for the files on disk. */
  readonly buffers?: ReadonlyMap<string, string>;
  /** Remembers hashes between walks; without it every file is read. */
  readonly hashes?: HashCache;
  /** Remembers how many files are in folders that are left out. */
  readonly counts?: FolderCounts;
  /** Count those anew. Default true. */
  readonly countAnew?: boolean;
  /** Where roots are that are not on disk. */
  readonly files?: FileSystems;
  readonly signal?: AbortSignal;
  /** Files done and files found so far. */
  readonly onProgress?: (done: number, total: number) => void;
}

const CONCURRENT_FILES = 32;
const PROGRESS_EVERY = 64;

/** A workspace root for a folder on disk, named after it. */
export function folderRoot(folder: string): WorkspaceRoot {
  const absolute = path.resolve(folder);
  return { uri: URI.file(absolute).toString(), name: path.basename(absolute) };
}

/**
 * Walks the roots and lists every file: as a document, or left out with its reason.
 * @throws LongsightError LS-101 folder missing, LS-102 not a folder, LS-103 nothing to read, LS-104 unreadable, LS-107 not
 * on disk, LS-900 aborted
 */
export async function takeSnapshot(options: WalkOptions): Promise<Snapshot> {
  const { signal, onProgress } = options;
  throwIfAborted(signal);
  const roots = distinctNames(options.roots);
  const files = options.files ?? new FileSystems();
  const walk = new Walk(options);
  const { candidates, excluded } = await listFiles({
    ...options,
    roots,
    files,
    onFound: (found) => onProgress?.(0, found),
  });
  for (const file of excluded) walk.excluded.push(file);
  let done = 0;
  await forEachLimited(candidates, CONCURRENT_FILES, signal, async (candidate) => {
    await walk.visit(candidate);
    if (++done % PROGRESS_EVERY === 0) onProgress?.(done, candidates.length);
  });
  onProgress?.(done, candidates.length);
  if (walk.documents.length === 0) {
    throw userErrors.nothingToRead(roots.map(({ uri }) => files.of(uri).label(files.of(uri).place(uri))).join(", "));
  }
  options.hashes?.retain(new Set(candidates.map(({ uri }) => uri)));
  walk.documents.sort(byPath);
  walk.excluded.sort(byPath);
  return { roots, documents: walk.documents, excluded: walk.excluded, asOf: walk.asOf.toISOString() };
}

const byPath = (a: { readonly path: string }, b: { readonly path: string }): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : 0;

/** Roots of the same name get a number, so that qualified paths stay unique. */
function distinctNames(roots: readonly WorkspaceRoot[]): WorkspaceRoot[] {
  const taken = new Set<string>();
  return roots.map((root) => {
    let name = root.name;
    for (let number = 2; taken.has(name); number++) name = `${root.name}-${number}`;
    taken.add(name);
    return { uri: root.uri, name };
  });
}

/** The state of one walk. */
class Walk {
  readonly asOf = new Date();
  readonly documents: Document[] = [];
  readonly excluded: Excluded[] = [];
  readonly #maxFileBytes: number;
  readonly #hashes: HashCache;
  readonly #buffers: ReadonlyMap<string, string>;

  constructor(options: WalkOptions) {
    this.#maxFileBytes = options.maxFileBytes;
    this.#hashes = options.hashes ?? new HashCache();
    this.#buffers = options.buffers ?? new Map();
  }

  /** Turns one candidate into a document or a reason. */
  async visit(candidate: Candidate): Promise<void> {
    const buffer = this.#buffers.get(candidate.uri);
    try {
      const disk = await this.#examine(candidate);
      if (buffer === undefined || (await this.#isMisread(candidate, disk, buffer))) {
        this.#add(candidate, disk, disk.mtimeMs, false);
        return;
      }
      const content = this.#classifyBuffer(candidate, buffer);
      if (content.contentHash === disk.contentHash) this.#add(candidate, disk, disk.mtimeMs, false);
      else this.#add(candidate, content, this.asOf.getTime(), true);
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === undefined) throw error;
      if (buffer !== undefined) {
        this.#add(candidate, this.#classifyBuffer(candidate, buffer), this.asOf.getTime(), true);
        return;
      }
      // It was removed since its folder was listed: it is no part of the workspace any more.
      if (code !== "ENOENT") this.#leaveOut(candidate, 0, `cannot be read (${code})`);
    }
  }

  /** What is on disk, from the cache when size and times are known. */
  async #examine({ root, place, uri, name }: Candidate): Promise<Found> {
    const stat = await root.files.stat(place);
    // It took the file's place since its folder was listed.
    if (stat.kind === "link") return { ...foundAt(stat), contentHash: null, reason: "link" };
    if (stat.kind !== "file") return { ...foundAt(stat), contentHash: null, reason: "not a regular file" };
    if (stat.bytes > this.#maxFileBytes) return { ...oversized(stat.bytes, this.#maxFileBytes), mtimeMs: stat.mtimeMs };
    const known = this.#hashes.get(uri, stat);
    if (known !== null) return { ...foundAt(stat), contentHash: known.contentHash, reason: known.reason };
    const readAt = Date.now();
    const read = await root.files.read(place, this.#maxFileBytes, root.place);
    if (read === null) return { ...foundAt(stat), contentHash: null, reason: "changed while it was read" };
    if (read.data === null) {
      return { ...oversized(read.stat.bytes, this.#maxFileBytes), mtimeMs: read.stat.mtimeMs };
    }
    const { contentHash, reason } = classifyBytes(name, read.data);
    this.#hashes.set(uri, read.stat, { contentHash, reason }, readAt);
    return { ...foundAt(read.stat), contentHash, reason };
  }

  /** True when an editor shows the very bytes on disk, but takes them for UTF-8, which they are not. */
  async #isMisread({ root, place }: Candidate, disk: Found, buffer: string): Promise<boolean> {
    if (disk.contentHash === null || !buffer.includes("\uFFFD")) return false;
    const data = (await root.files.read(place, this.#maxFileBytes, root.place))?.data ?? null;
    return data !== null && decodeLossily(data) === buffer;
  }

  #classifyBuffer(candidate: Candidate, text: string): Content {
    const bytes = Buffer.byteLength(text, "utf8");
    if (bytes > this.#maxFileBytes) return oversized(bytes, this.#maxFileBytes);
    return classifyText(candidate.name, text, bytes);
  }

  #add(candidate: Candidate, content: Omit<Content, "text">, mtimeMs: number, unsaved: boolean): void {
    const { contentHash, bytes, reason } = content;
    if (contentHash === null || (reason !== null && !candidate.wanted)) {
      this.#leaveOut(candidate, bytes, reason ?? "not text");
      return;
    }
    const { uri, path: file, name } = candidate;
    const languageId = languageOf(name);
    this.documents.push({ uri, path: file, languageId, contentHash, bytes, mtimeMs, unsaved });
  }

  #leaveOut(candidate: Candidate, bytes: number, reason: string): void {
    this.excluded.push({ uri: candidate.uri, path: candidate.path, bytes, reason });
  }
}

/** What stands on disk, without its text. */
interface Found extends FileFacts {
  readonly bytes: number;
  readonly mtimeMs: number;
}

const foundAt = ({ bytes, mtimeMs }: FileStat): Pick<Found, "bytes" | "mtimeMs"> => ({ bytes, mtimeMs });
