/** What the engine asks its client about workspace folders that are not on disk. Part of protocol.ts. */
import type { RequestName } from "./protocol";

/** What stands at a place of a file system that the client serves. */
export type ClientFileKind = "file" | "folder" | "link" | "other";

export interface ClientFileStat {
  readonly kind: ClientFileKind;
  readonly bytes: number;
  /** ms since 1970; 0 when it is not known. */
  readonly mtimeMs: number;
}

export interface ClientFile {
  readonly stat: ClientFileStat;
  /** Its bytes as base64; null when it is larger than was asked for, or no file. */
  readonly data: string | null;
}

export interface ClientFolderEntry {
  readonly name: string;
  readonly kind: ClientFileKind;
}

/** Engine → client: what is in a folder. */
export const ReadDirectory: RequestName<{ readonly uri: string }, readonly ClientFolderEntry[]> = {
  method: "longsight/fs/readDirectory",
};
/** Engine → client: what stands there. */
export const StatFile: RequestName<{ readonly uri: string }, ClientFileStat> = { method: "longsight/fs/stat" };
/** Engine → client: a file at one moment; null when it changed meanwhile. */
export const ReadFile: RequestName<{ readonly uri: string; readonly maxBytes: number }, ClientFile | null> = {
  method: "longsight/fs/readFile",
};

/** Error code of the client's responses about files; `data` is `{ code }`, the system's: ENOENT, EACCES, …. */
export const FILE_ERROR_CODE = -32051;
