import { readFile } from "node:fs/promises";
import path from "node:path";
import { BoundedFolder, sha256, writeBeside } from "../disk";
import type { FileStat } from "./fileSystem";

/** What was found in a file when it was last read. */
export interface FileFacts {
  /** sha256 of the text, hex; null when the file is no text. */
  readonly contentHash: string | null;
  /** Why it is left out by default; null when it is not. */
  readonly reason: string | null;
}

interface Entry extends FileFacts {
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly inode: number;
}

/**
 * A file written within this time of being read may change again without its times changing, since file systems round
 * them: such facts are not kept (git calls such an entry racy).
 */
const RACY_MS = 2000;
/** Facts of more files are not kept. */
const MOST_FILES = 1_000_000;
/** Changed when what is found in the same bytes changes. */
const MAGIC = "LSHASH01";
const CHECKSUM = 64;
const SUFFIX = ".hashes";
const MOST_BYTES = 512 * 2 ** 20;
/** Share of new facts from which they are written: fewer are cheaper to find again. */
const WORTH_WRITING = 0.01;

/** The folder in a data folder where facts are kept between runs. */
export function hashesFolder(dataDir: string): BoundedFolder {
  return new BoundedFolder(path.join(dataDir, "hashes"), SUFFIX, MOST_BYTES);
}

/**
 * Remembers what files held, by uri, size, times and inode, so that the next walk reads only what changed, in this process
 * and in the next. On disk: magic, sha256 of the rest, then a line per file.
 */
export class HashCache {
  #entries = new Map<string, Entry>();
  #unsaved = 0;

  get(uri: string, stat: FileStat): FileFacts | null {
    const entry = this.#entries.get(uri);
    if (entry?.bytes !== stat.bytes || entry.mtimeMs !== stat.mtimeMs) return null;
    return entry.ctimeMs === stat.ctimeMs && entry.inode === stat.inode ? entry : null;
  }

  /** @param readAtMs when the file was read, ms since 1970 */
  set(uri: string, stat: FileStat, { contentHash, reason }: FileFacts, readAtMs: number): void {
    const { bytes, mtimeMs, ctimeMs, inode } = stat;
    // A file system that knows no times says nothing of changes.
    if (mtimeMs <= 0 || readAtMs - Math.max(mtimeMs, ctimeMs) <= RACY_MS) {
      this.invalidate(uri);
      return;
    }
    this.#entries.set(uri, { bytes, mtimeMs, ctimeMs, inode, contentHash, reason });
    this.#unsaved++;
  }

  /** Forgets one file: it changed. */
  invalidate(uri: string): void {
    if (this.#entries.delete(uri)) this.#unsaved++;
  }

  /** Forgets all files but these, which a walk has just seen. */
  retain(uris: ReadonlySet<string>): void {
    if (this.#entries.size <= uris.size) return;
    for (const uri of this.#entries.keys()) if (!uris.has(uri)) this.#entries.delete(uri);
  }

  /** True when so much is new that writing it pays. */
  get isWorthSaving(): boolean {
    return this.#unsaved > this.#entries.size * WORTH_WRITING;
  }

  get isSaved(): boolean {
    return this.#unsaved === 0;
  }

  /** Takes in what an earlier run has written; a file that is missing, damaged or of another version is an empty one. */
  async load(folder: BoundedFolder, name: string): Promise<void> {
    const data = await readFile(folder.file(name), "latin1").catch(() => "");
    const body = data.slice(MAGIC.length + CHECKSUM);
    if (!data.startsWith(MAGIC) || sha256(Buffer.from(body, "latin1")) !== data.slice(MAGIC.length, -body.length))
      return;
    const loaded = new Map<string, Entry>();
    for (const line of body.split("\n")) {
      const [uri = "", bytes, mtimeMs, ctimeMs, inode, hash = "", reason = ""] = line.split("\t");
      if (uri === "") continue;
      loaded.set(uri, {
        bytes: Number(bytes),
        mtimeMs: Number(mtimeMs),
        ctimeMs: Number(ctimeMs),
        inode: Number(inode),
        contentHash: hash === "" ? null : hash,
        reason: reason === "" ? null : reason,
      });
    }
    // What this run has found is newer.
    for (const [uri, entry] of this.#entries) loaded.set(uri, entry);
    this.#entries = loaded;
  }

  /** Writes all facts. @throws LongsightError LS-501 */
  async save(folder: BoundedFolder, name: string): Promise<void> {
    this.#unsaved = 0;
    const lines: string[] = [];
    for (const [uri, { bytes, mtimeMs, ctimeMs, inode, contentHash, reason }] of this.#entries) {
      if (lines.length === MOST_FILES) break;
      lines.push([uri, bytes, mtimeMs, ctimeMs, inode, contentHash ?? "", reason ?? ""].join("\t"));
    }
    const body = Buffer.from(lines.join("\n"), "latin1");
    const file = folder.file(name);
    await writeBeside(file, Buffer.concat([Buffer.from(MAGIC + sha256(body), "latin1"), body]));
    await folder.trim(file);
  }

  clear(): void {
    this.#entries.clear();
    this.#unsaved = 0;
  }
}
