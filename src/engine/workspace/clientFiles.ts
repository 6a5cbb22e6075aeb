import { posix } from "node:path";
import { URI } from "vscode-uri";
import { FileError, type FileData, type FileStat, type FileSystem, type FolderEntry } from "./fileSystem";

/** What a client answers about its file systems; see docs/protocol.md. Rejects with an error whose `code` is the system's. */
export interface ClientFiles {
  list(uri: string): Promise<readonly FolderEntry[]>;
  stat(uri: string): Promise<FileStat>;
  /** Without data when the file is larger than `maxBytes`; null when it keeps changing. */
  read(uri: string, maxBytes: number): Promise<FileData | null>;
}

/** File systems that the client of the engine has mounted. Places are URIs. */
export class ClientFileSystem implements FileSystem {
  readonly #client: ClientFiles;

  constructor(client: ClientFiles) {
    this.#client = client;
  }

  place(uri: string): string {
    return URI.parse(uri).toString().replace(/\/$/, "");
  }

  join(folder: string, name: string): string {
    const uri = URI.parse(folder);
    return uri.with({ path: posix.join("/", uri.path, name) }).toString();
  }

  /** What is above a root is not the workspace's. */
  parent(): string | null {
    return null;
  }

  label(place: string): string {
    return place;
  }

  list(folder: string): Promise<readonly FolderEntry[]> {
    return this.#client.list(folder);
  }

  stat(place: string): Promise<FileStat> {
    return this.#client.stat(place);
  }

  async read(file: string, maxBytes: number): Promise<FileData | null> {
    const read = await this.#client.read(file, maxBytes);
    if (read !== null && read.stat.kind !== "file") throw new FileError("EINVAL", `${file} is not a regular file`);
    return read;
  }

  linkReason(): Promise<string> {
    return Promise.resolve("link");
  }
}
