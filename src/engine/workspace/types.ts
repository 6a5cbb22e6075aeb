/** A file of the workspace that can be read. The text is read on demand: a snapshot stays small. */
export interface Document {
  readonly uri: string;
  /** Relative to its root, `/` separated; qualified by the root's name when there are several roots. Unique. */
  readonly path: string;
  readonly languageId: string;
  /** sha256 of the text, hex. */
  readonly contentHash: string;
  readonly bytes: number;
  /** Modification time in ms since 1970; unsaved buffers count as now. */
  readonly mtimeMs: number;
  /** True when the text is an unsaved buffer. */
  readonly unsaved: boolean;
}

/** A file that is left out, or a folder with all its files, and why: one short phrase. */
export interface Excluded {
  readonly uri: string;
  /** A folder's ends with `/`. */
  readonly path: string;
  /** 0 when it was not looked at. */
  readonly bytes: number;
  readonly reason: string;
  /** Files in a folder that is left out as a whole, without those that are listed by themselves. Absent: one file. */
  readonly files?: number;
}

export interface WorkspaceRoot {
  readonly uri: string;
  readonly name: string;
}

/** Immutable list of what the workspace holds at one moment. Documents are sorted by path. */
export interface Snapshot {
  readonly roots: readonly WorkspaceRoot[];
  readonly documents: readonly Document[];
  readonly excluded: readonly Excluded[];
  /** ISO 8601. */
  readonly asOf: string;
}

/** Gives the text of a document as it was when it was hashed; rejects with LS-105 when it has changed or vanished. */
export type ReadText = (document: Document) => Promise<string>;
