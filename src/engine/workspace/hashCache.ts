/** What was found in a file when it was last read. */
export interface FileFacts {
  readonly bytes: number;
  readonly mtimeMs: number;
  /** sha256 of the text, hex; null when the file is no text. */
  readonly contentHash: string | null;
  /** Why it is left out by default; null when it is not. */
  readonly reason: string | null;
}

/**
 * A file written within this time of being read may change again without its modification time changing, since file
 * systems round it: such facts are not kept (git calls such an entry racy).
 */
const RACY_MS = 2000;

/** Remembers what files held, by uri, size and modification time, so that a second walk reads only what changed. */
export class HashCache {
  readonly #facts = new Map<string, FileFacts>();

  get(uri: string, bytes: number, mtimeMs: number): FileFacts | null {
    const facts = this.#facts.get(uri);
    return facts?.bytes === bytes && facts.mtimeMs === mtimeMs ? facts : null;
  }

  /** @param readAtMs when the file was read, ms since 1970 */
  set(uri: string, facts: FileFacts, readAtMs: number): void {
    if (readAtMs - facts.mtimeMs > RACY_MS) this.#facts.set(uri, facts);
    else this.#facts.delete(uri);
  }

  /** Forgets one file: it changed. */
  invalidate(uri: string): void {
    this.#facts.delete(uri);
  }

  clear(): void {
    this.#facts.clear();
  }
}
