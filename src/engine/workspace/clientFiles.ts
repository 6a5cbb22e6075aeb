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

const ATTEMPTS = 3;

/** File systems that the client of the engine has mounted. Places are URIs. */
export class ClientFileSystem implements FileSystem {
  readonly #client: ClientFiles;

  constructor(client: ClientFiles) {
    this.#client = client;
  }

  /** Without a closing `/`, unless it is all that there is. */
  place(uri: string): string {
    const parsed = URI.parse(uri);
    return parsed.with({ path: parsed.path.replace(/(?<=.)\/$/, "") }).toString();
  }

  uri(folderUri: string, name: string): string {
    return this.join(folderUri, name);
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

  async list(folder: string): Promise<readonly FolderEntry[]> {
    const entries = await this.#client.list(folder);
    // A name that is a way out of the folder is none.
    return entries.filter(({ name }) => name !== "" && name !== "." && name !== ".." && !/[/\\]/.test(name));
  }

  stat(place: string): Promise<FileStat> {
    return this.#client.stat(place);
  }

  async read(file: string, maxBytes: number): Promise<FileData | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const read = await this.#client.read(file, maxBytes);
      if (read === null) continue;
      if (read.stat.kind !== "file") throw new FileError("EINVAL", `${file} is not a regular file`);
      return read;
    }
    return null;
  }

  linkReason(): Promise<string> {
    return Promise.resolve("link");
  }
}
