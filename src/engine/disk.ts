/**
 * Files that Longsight keeps: written beside and renamed, checked when read, in folders of bounded size.
 */
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { userErrors } from "../shared/errors";

/** Marks files that are being written; leftovers of a killed process are removed by `BoundedFolder.trim`. */
const PART = ".part";
/** Such a file's name, here and in the native code, which puts a number behind the mark. */
const PART_NAME = /\.part(?:-\d+)?$/;
/** Age in ms from which an unfinished file belongs to nobody. */
const STALE_PART_MS = 3600 * 1000;

/** Makes a folder with its parents. @throws LongsightError LS-501 */
export async function ensureFolder(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw userErrors.dataDirUnusable(dir, error);
  }
}

/** Name for the unfinished form of `file`, unique to this call. */
export function partName(file: string): string {
  return `${file}.${process.pid}-${randomBytes(4).toString("hex")}${PART}`;
}

/** Replaces `file` by `data` as one step: a reader sees the old content or the new. @throws LongsightError LS-501 */
export async function writeBeside(file: string, data: string | Uint8Array): Promise<void> {
  const part = partName(file);
  await ensureFolder(path.dirname(file));
  try {
    const handle = await open(part, "w");
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw userErrors.dataDirUnusable(path.dirname(file), error);
  }
}

/** Hex sha256 of text or bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Hex sha256 of a file's content, without holding it in memory. */
export async function sha256File(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20, ...(signal && { signal }) })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}

/** Pieces of a file that its fingerprint is made of, and their length in bytes. */
const FINGERPRINT_PIECES = 64;
const FINGERPRINT_PIECE_BYTES = 1 << 16;

/**
 * Identifies the content of a large file without reading all of it: hex sha256 of its size and of evenly spaced pieces
 * of it, the first and the last included. Tells models apart; does not replace a checksum.
 */
export async function fingerprintFile(file: string): Promise<string> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const hash = createHash("sha256").update(String(size));
    const last = Math.max(0, size - FINGERPRINT_PIECE_BYTES);
    const piece = Buffer.alloc(FINGERPRINT_PIECE_BYTES);
    for (let index = 0; index < FINGERPRINT_PIECES; index++) {
      const at = Math.floor((last * index) / (FINGERPRINT_PIECES - 1));
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      hash.update(piece.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}

export interface KeptFile {
  readonly path: string;
  readonly bytes: number;
  /** Last use in ms since 1970. */
  readonly usedMs: number;
}

/** A cache folder: files that can be made again, the least recently used removed when they take more than `maxBytes`. */
export class BoundedFolder {
  readonly dir: string;
  readonly #suffix: string;
  readonly #maxBytes: number;

  /** @param suffix end of the names of the files that belong to the cache, such as ".snapshot" */
  constructor(dir: string, suffix: string, maxBytes: number) {
    this.dir = dir;
    this.#suffix = suffix;
    this.#maxBytes = maxBytes;
  }

  /** Path of an entry. `name` is a plain file name without the suffix. */
  file(name: string): string {
    return path.join(this.dir, name + this.#suffix);
  }

  /** All entries, most recently used first. A folder that does not exist is empty. */
  async list(): Promise<KeptFile[]> {
    const files = await this.#stat((name) => name.endsWith(this.#suffix));
    return files.sort((a, b) => b.usedMs - a.usedMs);
  }

  /** Makes an entry the most recently used. */
  async touch(file: string): Promise<void> {
    const now = new Date();
    await utimes(file, now, now);
  }

  async remove(file: string): Promise<void> {
    await rm(file, { force: true });
  }

  /** Removes the least recently used entries beyond the size, but none to `keep`, and unfinished files of the past. */
  async trim(keep: string | ReadonlySet<string> = ""): Promise<readonly string[]> {
    const kept = typeof keep === "string" ? new Set([keep]) : keep;
    const removed: string[] = [];
    let total = 0;
    for (const entry of await this.list()) {
      total += entry.bytes;
      if (total <= this.#maxBytes || kept.has(entry.path)) continue;
      await this.remove(entry.path);
      removed.push(entry.path);
      total -= entry.bytes;
    }
    const parts = await this.#stat((name) => PART_NAME.test(name));
    for (const part of parts) {
      if (Date.now() - part.usedMs > STALE_PART_MS) await this.remove(part.path);
    }
    return removed;
  }

  /** Removes every entry. @returns the bytes that were freed */
  async clear(): Promise<number> {
    let freed = 0;
    for (const entry of await this.list()) {
      await this.remove(entry.path);
      freed += entry.bytes;
    }
    return freed;
  }

  async #stat(chosen: (name: string) => boolean): Promise<KeptFile[]> {
    const files: KeptFile[] = [];
    for (const name of await listNames(this.dir)) {
      if (!chosen(name)) continue;
      const file = path.join(this.dir, name);
      const info = await stat(file).catch(() => null);
      if (info?.isFile() === true) files.push({ path: file, bytes: info.size, usedMs: info.mtimeMs });
    }
    return files;
  }
}

async function listNames(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw userErrors.dataDirUnusable(dir, error);
  }
}
