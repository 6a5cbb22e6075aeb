import { stat, statfs } from "node:fs/promises";
import { BoundedFolder, ensureFolder, sha256 } from "../disk";
import type { Log } from "../log";
import type { NativeContext } from "../native";
import { NativeError } from "../nativeTypes";
import { planEdit } from "./edit";
import { commonPrefix, hashTokens } from "./tokenPrefix";

/** Characters of a hash that go into a file's name. */
const NAME_LENGTH = 24;
/** A snapshot is worth loading when at least this share of it is of use. */
const MIN_USE = 1 / 8;
/** Bytes that saving a snapshot leaves free on the disk. */
const DISK_RESERVE = 2 ** 30;

export interface StoredSnapshot {
  readonly file: string;
  readonly tokens: Int32Array;
  /** Tokens at the start of the wanted ones that it holds, once an edit has left out the others. */
  readonly kept: number;
}

export interface SnapshotStoreOptions {
  readonly dir: string;
  /** Size of the folder; the least recently used snapshots go first. */
  readonly maxBytes: number;
  /** Tokens of a snapshot without loading it; rejects with NativeError BAD_FILE. */
  readonly peek: (file: string, key: string) => Promise<Int32Array>;
  readonly log: Log;
  /** Told when a snapshot cannot be saved. */
  readonly onNotKept?: ((cause: unknown) => void) | undefined;
}

/**
 * Snapshots of KV caches on disk. A file is named by what it belongs to (model, parameters, build) and by its tokens;
 * both stand in the file too and are compared when it is read. What is damaged is removed: it can be made again.
 */
export class SnapshotStore {
  readonly #folder: BoundedFolder;
  readonly #options: SnapshotStoreOptions;

  constructor(options: SnapshotStoreOptions) {
    this.#options = options;
    this.#folder = new BoundedFolder(options.dir, ".kv", options.maxBytes);
  }

  /** The snapshot that saves the most prefill for the wanted tokens; null when none is worth loading. */
  async find(key: string, wanted: Int32Array, units?: readonly number[]): Promise<StoredSnapshot | null> {
    let best: StoredSnapshot | null = null;
    for (const file of await this.#filesOf(key)) {
      const tokens = await this.#peek(file, key);
      if (tokens === null) continue;
      const { kept } = planEdit(tokens, wanted, units);
      if (kept < tokens.length * MIN_USE || kept <= (best?.kept ?? 0)) continue;
      best = { file, tokens, kept };
    }
    return best;
  }

  /**
   * Fills the context from a snapshot.
   * @returns false when the file is damaged: it is removed, and the context is empty
   */
  async load(snapshot: StoredSnapshot, key: string, context: NativeContext): Promise<boolean> {
    try {
      const tokens = await context.snapshotLoad(snapshot.file, key);
      const loaded =
        tokens.length === snapshot.tokens.length && commonPrefix(tokens, snapshot.tokens) === tokens.length;
      if (loaded && context.length === tokens.length) {
        await this.#folder.touch(snapshot.file);
        return true;
      }
      this.#options.log.warn(`${snapshot.file} does not hold what it says; it is removed and read anew`);
    } catch (error) {
      if (!isBadFile(error)) throw error;
      this.#options.log.warn(`${snapshot.file} is damaged; it is removed and read anew`, error);
    }
    await this.#folder.remove(snapshot.file);
    await context.clear();
    return false;
  }

  /**
   * Saves what the context holds, and removes snapshots that have become a beginning of it. A full disk is no error:
   * the next start then reads anew.
   * @returns bytes on disk; 0 when nothing could be saved
   */
  async save(context: NativeContext, key: string, tokens: Int32Array): Promise<number> {
    const { log, dir } = this.#options;
    const file = this.#folder.file(`${keyName(key)}-${hashTokens(tokens).slice(0, NAME_LENGTH)}`);
    try {
      await ensureFolder(dir);
      await this.#requireSpace(context);
      await context.snapshotSave(file, key, tokens);
      const { size } = await stat(file);
      await this.#removeBeginningsOf(tokens, key, file);
      for (const removed of await this.#folder.trim(file))
        log.info(`removed the least recently used snapshot ${removed}`);
      return size;
    } catch (error) {
      log.warn(`the snapshot could not be saved; the next start reads anew`, error);
      this.#options.onNotKept?.(error);
      return 0;
    }
  }

  /** Bytes of the stored snapshot of exactly these tokens; null when there is none. */
  async sizeOf(key: string, tokens: Int32Array): Promise<number | null> {
    const file = this.#folder.file(`${keyName(key)}-${hashTokens(tokens).slice(0, NAME_LENGTH)}`);
    const info = await stat(file).catch(() => null);
    return info?.size ?? null;
  }

  /** Removes all snapshots. @returns the bytes that were freed */
  clear(): Promise<number> {
    return this.#folder.clear();
  }

  async #filesOf(key: string): Promise<string[]> {
    const prefix = this.#folder.file(keyName(key)).slice(0, -".kv".length);
    return (await this.#folder.list()).map((entry) => entry.path).filter((file) => file.startsWith(`${prefix}-`));
  }

  async #peek(file: string, key: string): Promise<Int32Array | null> {
    try {
      return await this.#options.peek(file, key);
    } catch (error) {
      if (!isBadFile(error)) throw error;
      this.#options.log.warn(`${file} is damaged; it is removed`, error);
      await this.#folder.remove(file);
      return null;
    }
  }

  async #removeBeginningsOf(tokens: Int32Array, key: string, keep: string): Promise<void> {
    for (const file of await this.#filesOf(key)) {
      if (file === keep) continue;
      const older = await this.#peek(file, key);
      if (older !== null && commonPrefix(older, tokens) === older.length) await this.#folder.remove(file);
    }
  }

  async #requireSpace(context: NativeContext): Promise<void> {
    const { bavail, bsize } = await statfs(this.#options.dir);
    const needed = Math.ceil((context.memory.cache * context.length) / context.contextSize) + DISK_RESERVE;
    if (bavail * bsize < needed) throw new Error(`${needed} bytes needed on disk, ${bavail * bsize} free`);
  }
}

function keyName(key: string): string {
  return sha256(key).slice(0, NAME_LENGTH);
}

function isBadFile(error: unknown): boolean {
  return error instanceof NativeError && error.code === "BAD_FILE";
}
