/** What the walk needs of a file system. The disk of this machine is one; another is whatever the client has mounted. */

export type FileKind = "file" | "folder" | "link" | "other";

export interface FolderEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/** What tells, without reading a file, that it has not changed. */
export interface FileStat {
  readonly kind: FileKind;
  readonly bytes: number;
  /** ms since 1970, as finely as the file system knows it; 0 when it does not. */
  readonly mtimeMs: number;
  /** Time of the last change of content or attributes, which programs cannot set back; 0 when it is not known. */
  readonly ctimeMs: number;
  /** Tells apart files that took the place of each other; 0 when it is not known. */
  readonly inode: number;
}

/** A file's bytes at one moment. */
export interface FileData {
  readonly stat: FileStat;
  /** null when the file is larger than was asked for. */
  readonly data: Uint8Array | null;
}

/**
 * Files by place: a string that the file system makes from a URI and understands. Every call rejects with an error whose
 * `code` is that of the system: ENOENT, ENOTDIR, EACCES, ELOOP, ….
 */
export interface FileSystem {
  place(uri: string): string;
  /** The URI of an entry of a folder, in the one spelling that is compared. */
  uri(folderUri: string, name: string): string;
  join(folder: string, name: string): string;
  /** The folder that holds this one; null at the top, and where nothing above may be read. */
  parent(folder: string): string | null;
  /** Of a root, for people. */
  label(place: string): string;
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** Facts of what stands there. A link is not followed, unless `follow`. */
  stat(place: string, follow?: boolean): Promise<FileStat>;
  /**
   * All of a file as it is at one moment: one that changes meanwhile is read again.
   * @param maxBytes larger files are not read
   * @param within folder that the file must be in, links resolved: rejects with ELOOP when it is not
   * @returns null when the file keeps changing
   */
  read(file: string, maxBytes: number, within?: string): Promise<FileData | null>;
  /** Where a link inside a root leads to, as a reason to leave it out. */
  linkReason(link: string, root: string): Promise<string>;
}

/** An error of a file system. */
export class FileError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "FileError";
    this.code = code;
  }
}

/** The system's code of an error that a file system gave; undefined for any other error. */
export function fileErrorCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
