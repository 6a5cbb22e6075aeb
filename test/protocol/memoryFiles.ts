/** A client's file system in memory, served to an engine by the code of the extension. */
import { URI } from "vscode-uri";
import { type ProtocolConnection, ResponseError } from "vscode-languageserver-protocol/node";
import { type EditorFiles, FileAnswerError, FileAnswers } from "../../src/extension/fileAnswers";
import type { ClientFileStat, ClientFolderEntry } from "../../src/shared/protocol";
import { FILE_ERROR_CODE, ReadDirectory, ReadFile, StatFile } from "../../src/shared/protocol";

interface MemoryFile {
  readonly data: Uint8Array;
  readonly mtimeMs: number;
}

export class MemoryFiles implements EditorFiles<URI> {
  /** By URI. */
  readonly #files = new Map<string, MemoryFile>();
  readonly #links = new Set<string>();
  readonly #folders: readonly URI[];
  readonly reads: string[] = [];
  /** Called before a file is read. */
  beforeRead: (uri: string) => void = () => undefined;

  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => URI.parse(folder));
  }

  write(uri: string, text: string | Uint8Array, mtimeMs = Date.now() - 3600_000): void {
    this.#files.set(normal(uri), { data: Buffer.from(text), mtimeMs });
  }

  link(uri: string): void {
    this.write(uri, "");
    this.#links.add(normal(uri));
  }

  remove(uri: string): void {
    this.#files.delete(normal(uri));
  }

  parse(uri: string): URI {
    return URI.parse(uri, true);
  }

  folders(): readonly URI[] {
    return this.#folders;
  }

  list(place: URI): Promise<readonly ClientFolderEntry[]> {
    const top = `${place.toString().replace(/\/$/, "")}/`;
    const entries = new Map<string, ClientFolderEntry>();
    for (const uri of this.#files.keys()) {
      if (!uri.startsWith(top)) continue;
      const [name = "", ...rest] = uri.slice(top.length).split("/");
      const kind = this.#links.has(uri) ? "link" : rest.length > 0 ? "folder" : "file";
      entries.set(name, { name: decodeURIComponent(name), kind });
    }
    if (entries.size === 0) return Promise.reject(new Error("ENOENT"));
    return Promise.resolve([...entries.values()]);
  }

  async stat(place: URI): Promise<ClientFileStat> {
    const file = this.#files.get(place.toString());
    if (file !== undefined) return { kind: "file", bytes: file.data.byteLength, mtimeMs: file.mtimeMs };
    await this.list(place);
    return { kind: "folder", bytes: 0, mtimeMs: 0 };
  }

  read(place: URI): Promise<Uint8Array> {
    this.beforeRead(place.toString());
    this.reads.push(place.path);
    const file = this.#files.get(place.toString());
    return file === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(file.data);
  }

  codeOf(error: unknown): string {
    return error instanceof Error && /^E[A-Z]+$/.test(error.message) ? error.message : "EIO";
  }

  /** Answers an engine at the other end, as the extension does. */
  serve(connection: ProtocolConnection): void {
    const answers = new FileAnswers(this);
    const on = (method: string, answer: (params: unknown) => Promise<unknown>): void => {
      connection.onRequest(method, (params: unknown) =>
        answer(params).catch((error: unknown) => {
          if (!(error instanceof FileAnswerError)) throw error;
          return new ResponseError(FILE_ERROR_CODE, error.message, { code: error.code });
        }),
      );
    };
    on(ReadDirectory.method, (params) => answers.list(params));
    on(StatFile.method, (params) => answers.stat(params));
    on(ReadFile.method, (params) => answers.read(params));
  }
}

const normal = (uri: string): string => URI.parse(uri).toString();
