import { stat, statfs } from "node:fs/promises";
import path from "node:path";
import { BoundedFolder, ensureFolder, sha256 } from "../disk";
import type { Log } from "../log";
import type { NativeContext } from "../native";
import { NativeError } from "../nativeTypes";
import { commonPrefix, hashTokens } from "./tokenPrefix";

/** End of the names of segments. */
const SUFFIX = ".segment";
/** Characters of a hash that go into a file's name. */
const NAME_LENGTH = 40;
/** Bytes that saving a segment leaves free on the disk. */
const DISK_RESERVE = 2 ** 30;

/** A run of tokens that is read by itself behind the frame, and named by all that its keys and values depend on. */
export interface Segment {
  readonly tokens: Int32Array;
  /** Stands in the file and is compared when it is read. */
  readonly key: string;
  readonly name: string;
}

/**
 * @param key names model, parameters, projections and build
 * @param frame tokens that the segment was read behind
 */
export function segmentOf(key: string, frame: Int32Array, tokens: Int32Array): Segment {
  const own = sha256(`${key}\n${hashTokens(frame)}`);
  return { tokens, key: own, name: sha256(`${own}\n${hashTokens(tokens)}`).slice(0, NAME_LENGTH) };
}

/** Folder of the segments. */
export function segmentsFolder(dataDir: string): BoundedFolder {
  return new BoundedFolder(path.join(dataDir, "segments"), "", 0);
}

export interface SegmentStoreOptions {
  readonly dir: string;
  /** Size of the folder; the least recently used segments go first. */
  readonly maxBytes: number;
  readonly log: Log;
  /** Told when a segment cannot be kept: what was read is in memory only. */
  readonly onNotKept?: ((cause: unknown) => void) | undefined;
}

/**
 * Segments on disk, named by content: every branch, checkout and window that reads the same text in the same way shares
 * them. Two processes that write the same one write the same bytes, each beside it and renamed. What is damaged is
 * removed: it can be read again.
 */
export class SegmentStore {
  readonly #folder: BoundedFolder;
  readonly #options: SegmentStoreOptions;
  /** Bytes of segments that were seen. */
  readonly #sizes = new Map<string, number>();
  #complained = false;
  #written = false;

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
    this.#folder = new BoundedFolder(options.dir, SUFFIX, options.maxBytes);
  }

  async has({ name }: Segment): Promise<boolean> {
    const info = await stat(this.#folder.file(name)).catch(() => null);
    if (info !== null) this.#sizes.set(name, info.size);
    return info !== null;
  }

  /**
   * Appends a segment to the context.
   * @returns false when there is none, or none that can be used: the context is as it was
   * @throws NativeError FULL
   */
  async load(segment: Segment, context: NativeContext): Promise<boolean> {
    if (!(await this.has(segment))) return false;
    const file = this.#folder.file(segment.name);
    const before = context.length;
    try {
      const tokens = await context.segmentLoad(file, segment.key);
      if (tokens.length === segment.tokens.length && commonPrefix(tokens, segment.tokens) === tokens.length) {
        await this.#folder.touch(file).catch((error: unknown) => {
          this.#options.log.debug(`${file} was not marked as used: ${String(error)}`);
        });
        return true;
      }
      await context.remove(before);
      this.#options.log.warn(`${file} holds other text than it says; it is removed and read anew`);
    } catch (error) {
      if (!(error instanceof NativeError) || error.code !== "BAD_FILE") throw error;
      this.#options.log.warn(`${file} is damaged; it is removed and read anew`, error);
    }
    await this.#folder.remove(file);
    return false;
  }

  /**
   * Saves the tokens of a segment that stand in the context from `from` on. A full disk is no error: they are read anew
   * when they are needed again.
   * @param inUse segments of the present context: they are not removed to make room
   */
  async save(segment: Segment, context: NativeContext, from: number, inUse: readonly Segment[]): Promise<void> {
    const { dir, maxBytes } = this.#options;
    const file = this.#folder.file(segment.name);
    const bytes = Math.ceil((context.memory.cache * segment.tokens.length) / context.contextSize);
    try {
      if (this.bytesOf(inUse) + bytes > maxBytes) throw new Error(`${dir} holds ${maxBytes} bytes, all of them in use`);
      await ensureFolder(dir);
      const { bavail, bsize } = await statfs(dir);
      if (bavail * bsize < bytes + DISK_RESERVE) throw new Error(`${bavail * bsize} bytes are free on the disk`);
      await context.segmentSave(file, segment.key, from, segment.tokens);
      await this.has(segment);
      this.#written = true;
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Keeps the folder within its size. @param inUse segments that stay */
  async trim(inUse: readonly Segment[]): Promise<void> {
    if (!this.#written) return;
    this.#written = false;
    const removed = await this.#folder.trim(new Set(inUse.map(({ name }) => this.#folder.file(name))));
    if (removed.length > 0) this.#options.log.info(`removed ${removed.length} segments, the least recently used ones`);
  }

  /** Bytes on disk of the segments, as they were seen last. */
  bytesOf(segments: readonly Segment[]): number {
    return segments.reduce((sum, { name }) => sum + (this.#sizes.get(name) ?? 0), 0);
  }

  async remove(segments: readonly Segment[]): Promise<void> {
    for (const { name } of segments) await this.#folder.remove(this.#folder.file(name));
  }

  /** Says it once: what holds for one file will hold for the next. */
  #complain(error: unknown): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#options.log.warn("what was read cannot be kept on disk; it will be read anew after a restart", error);
    this.#options.onNotKept?.(error);
  }
}
