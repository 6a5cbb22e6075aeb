import type { ReadText, Snapshot, WorkspaceRoot } from "./types";
import type { HashCache } from "./hashCache";

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

/** A workspace root for a folder on disk. */
export function folderRoot(_path: string): WorkspaceRoot {
  throw new Error("not built yet");
}

/**
 * Walks the roots and lists every file: as a document, or left out with its reason.
 * @throws LongsightError LS-101 folder missing, LS-102 not a folder, LS-103 nothing to read, LS-104 unreadable, LS-900 aborted
 */
export function takeSnapshot(_options: WalkOptions): Promise<Snapshot> {
  return Promise.reject(new Error("not built yet"));
}

/**
 * A reader of the documents of a snapshot.
 * @param buffers the unsaved buffers that the snapshot saw, by uri
 * @returns rejects with LS-104 when a file changed or vanished since the snapshot
 */
export function createReader(_buffers: ReadonlyMap<string, string> = new Map()): ReadText {
  return () => Promise.reject(new Error("not built yet"));
}
