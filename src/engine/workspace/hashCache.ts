/** What was found in a file when it was last read. */
export interface FileFacts {
  readonly bytes: number;
  readonly mtimeMs: number;
  /** sha256 of the text, hex; null when the file is no text. */
  readonly contentHash: string | null;
  /** Why it is left out; null when it is a document. */
  readonly reason: string | null;
}

/** Remembers what files held, by uri, size and modification time, so that a second walk reads only what changed. */
export class HashCache {
  readonly #facts = new Map<string, FileFacts>();

  get(uri: string, bytes: number, mtimeMs: number): FileFacts | null {
    const facts = this.#facts.get(uri);
    return facts?.bytes === bytes && facts.mtimeMs === mtimeMs ? facts : null;
  }

  set(uri: string, facts: FileFacts): void {
    this.#facts.set(uri, facts);
  }

  /** Forgets one file: it changed. */
  invalidate(uri: string): void {
    this.#facts.delete(uri);
  }

  clear(): void {
    this.#facts.clear();
  }
}
