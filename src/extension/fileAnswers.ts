/**
 * Answers the engine's questions about workspace folders that are not on disk. Only what is inside a workspace folder is
 * answered: the engine has no business elsewhere.
 */
import type { ClientFile, ClientFileStat, ClientFolderEntry } from "../shared/protocol";

/** The parts of a URI that are compared. */
export interface Place {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
}

/** What is needed of an editor's file systems. */
export interface EditorFiles<P extends Place> {
  parse(uri: string): P;
  folders(): readonly P[];
  list(place: P): PromiseLike<readonly ClientFolderEntry[]>;
  stat(place: P): PromiseLike<ClientFileStat>;
  read(place: P): PromiseLike<Uint8Array>;
  /** The system's code of an error: ENOENT, …. */
  codeOf(error: unknown): string;
}

/** An error with the code that the engine understands. */
export class FileAnswerError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "FileAnswerError";
  }
}

export class FileAnswers<P extends Place> {
  constructor(private readonly files: EditorFiles<P>) {}

  /** @throws FileAnswerError */
  list(params: unknown): Promise<readonly ClientFolderEntry[]> {
    return this.answer(params, (place) => this.files.list(place));
  }

  /** @throws FileAnswerError */
  stat(params: unknown): Promise<ClientFileStat> {
    return this.answer(params, (place) => this.files.stat(place));
  }

  /** A file at one moment; null when it changed meanwhile. @throws FileAnswerError */
  async read(params: unknown): Promise<ClientFile | null> {
    const { maxBytes } = (params ?? {}) as { readonly maxBytes?: unknown };
    if (typeof maxBytes !== "number") throw new FileAnswerError("EINVAL", "maxBytes is missing");
    return this.answer(params, async (place) => {
      const before = await this.files.stat(place);
      // What cannot be one file's bytes is not asked for.
      if (before.kind !== "file" || before.bytes > maxBytes) return { stat: before, data: null };
      const data = await this.files.read(place);
      const after = await this.files.stat(place);
      if (after.mtimeMs !== before.mtimeMs || after.bytes !== before.bytes || data.byteLength !== before.bytes)
        return null;
      return { stat: after, data: Buffer.from(data).toString("base64") };
    });
  }

  private async answer<T>(params: unknown, work: (place: P) => PromiseLike<T>): Promise<T> {
    const { uri } = (params ?? {}) as { readonly uri?: unknown };
    if (typeof uri !== "string") throw new FileAnswerError("EINVAL", "uri is missing");
    const place = this.files.parse(uri);
    if (!this.files.folders().some((folder) => isInside(place, folder))) {
      throw new FileAnswerError("EACCES", `${uri} is in no workspace folder`);
    }
    try {
      return await work(place);
    } catch (error) {
      throw new FileAnswerError(this.files.codeOf(error), error instanceof Error ? error.message : String(error));
    }
  }
}

/** True for a folder and everything below it. */
export function isInside(place: Place, folder: Place): boolean {
  if (place.scheme !== folder.scheme || place.authority !== folder.authority || place.query !== folder.query)
    return false;
  if (place.path.split(/[/\\]/).some((part) => part === "." || part === "..")) return false;
  const top = folder.path.replace(/\/$/, "");
  return place.path === folder.path || place.path === top || place.path.startsWith(`${top}/`);
}
