import { stat } from "node:fs/promises";
import path from "node:path";
import { URI } from "vscode-uri";
import { userErrors } from "../../shared/errors";
import { throwIfAborted } from "../progress";
import { classifyText, type Content } from "./content";
import { HashCache } from "./hashCache";
import { languageOf } from "./languages";
import { type Candidate, listFiles } from "./list";
import { forEachLimited } from "./pool";
import { oversized, readStable } from "./readFile";
import type { Document, Excluded, Snapshot, WorkspaceRoot } from "./types";

export { createReader } from "./reader";

/** What a walk needs to know. */
export interface WalkOptions {
  readonly roots: readonly WorkspaceRoot[];
  /** Glob patterns left out besides the ignore files, relative to each root. */
  readonly exclude: readonly string[];
  /** Larger files are left out. */
  readonly maxFileBytes: number;
  /** Unsaved buffers by uri; they stand in for the files on disk. */
  readonly buffers?: ReadonlyMap<string, string>;
  /** Remembers hashes between walks; without it every file is read. */
  readonly hashes?: HashCache;
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
 * @throws LongsightError LS-101 folder missing, LS-102 not a folder, LS-103 nothing to read, LS-104 unreadable, LS-900 aborted
 */
export async function takeSnapshot(options: WalkOptions): Promise<Snapshot> {
  const { signal, onProgress } = options;
  throwIfAborted(signal);
  const roots = distinctNames(options.roots);
  const walk = new Walk({ ...options, roots });
  const { candidates, excluded } = await listFiles({
    roots,
    exclude: options.exclude,
    ...(signal && { signal }),
    onFound: (files) => onProgress?.(0, files),
  });
  walk.excluded.push(...excluded);
  let done = 0;
  await forEachLimited(candidates, CONCURRENT_FILES, signal, async (candidate) => {
    await walk.visit(candidate);
    if (++done % PROGRESS_EVERY === 0) onProgress?.(done, candidates.length);
  });
  onProgress?.(done, candidates.length);
  if (walk.documents.length === 0)
    throw userErrors.nothingToRead(roots.map((root) => URI.parse(root.uri).fsPath).join(", "));
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
      if (buffer === undefined) {
        this.#add(candidate, disk, disk.mtimeMs, false);
        return;
      }
      const content = this.#classifyBuffer(candidate, buffer);
      const unsaved = content.contentHash !== disk.contentHash;
      this.#add(candidate, content, unsaved ? this.asOf.getTime() : disk.mtimeMs, unsaved);
    } catch (error) {
      if (buffer !== undefined) {
        this.#add(candidate, this.#classifyBuffer(candidate, buffer), this.asOf.getTime(), true);
        return;
      }
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      // It was removed since its folder was listed: it is no part of the workspace any more.
      if (code !== "ENOENT") this.#leaveOut(candidate, 0, `cannot be read (${code})`);
    }
  }

  /** What is on disk, from the cache when size and modification time are known. */
  async #examine(candidate: Candidate): Promise<Omit<Content, "text"> & { readonly mtimeMs: number }> {
    const { size, mtimeMs } = await stat(candidate.fsPath);
    if (size > this.#maxFileBytes) return { ...oversized(size, this.#maxFileBytes), mtimeMs };
    const known = this.#hashes.get(candidate.uri, size, mtimeMs);
    if (known !== null) return known;
    const readAt = Date.now();
    const read = await readStable(candidate.fsPath, this.#maxFileBytes);
    if (read === null) return { contentHash: null, bytes: size, mtimeMs, reason: "changed while it was read" };
    const { contentHash, reason } = read.content;
    const facts = { bytes: read.bytes, mtimeMs: read.mtimeMs, contentHash, reason };
    if (read.bytes <= this.#maxFileBytes) this.#hashes.set(candidate.uri, facts, readAt);
    return facts;
  }

  #classifyBuffer(candidate: Candidate, text: string): Content {
    const bytes = Buffer.byteLength(text, "utf8");
    if (bytes > this.#maxFileBytes) return oversized(bytes, this.#maxFileBytes);
    return classifyText(path.basename(candidate.fsPath), text, bytes);
  }

  #add(candidate: Candidate, content: Omit<Content, "text">, mtimeMs: number, unsaved: boolean): void {
    const { contentHash, bytes, reason } = content;
    if (contentHash === null || (reason !== null && !candidate.wanted)) {
      this.#leaveOut(candidate, bytes, reason ?? "not text");
      return;
    }
    const languageId = languageOf(path.basename(candidate.fsPath));
    this.documents.push({ uri: candidate.uri, path: candidate.path, languageId, contentHash, bytes, mtimeMs, unsaved });
  }

  #leaveOut(candidate: Candidate, bytes: number, reason: string): void {
    this.excluded.push({ uri: candidate.uri, path: candidate.path, bytes, reason });
  }
}
