import { readFile } from "node:fs/promises";
import { BoundedFolder, sha256, writeBeside } from "../disk";
import type { Tokenizer } from "./types";

const MAGIC = "LSTOK001";
const CHECKSUM_BYTES = 32;
const HASH_BYTES = 32;
const HEADER_BYTES = MAGIC.length + CHECKSUM_BYTES;
/** Texts in one file, so that a workspace costs one read and one write; files of this many vocabularies are kept. */
const KEPT_VOCABULARIES = 4;
const SUFFIX = ".tokens";

/**
 * Keeps the tokens of texts by content: in memory, and on disk by (tokenizer id, sha256 of the text), so that a changed
 * file is the only one that is tokenised again. On disk: magic, sha256 of the rest, then per text its sha256, the number
 * of tokens (uint32) and the tokens (int32), little endian, least recently used first.
 */
export class TokenCache {
  readonly tokenizer: Tokenizer;
  readonly #folder: BoundedFolder | null;
  readonly #maxBytes: number;
  readonly #onUnsaved: ((error: unknown) => void) | null;
  /** By content hash; the order is that of use. */
  readonly #entries = new Map<string, Int32Array>();
  #loading: Promise<void> | null = null;
  #changed = false;

  /**
   * @param dir folder of the cache, made when missing; null keeps nothing on disk
   * @param onUnsaved told when the cache cannot be written; without it `save` throws
   * @param maxBytes bound of one vocabulary's texts, in memory and on disk; the least recently used go first
   */
  constructor(
    tokenizer: Tokenizer,
    dir: string | null,
    maxBytes = 64 * 2 ** 20,
    onUnsaved: ((error: unknown) => void) | null = null,
  ) {
    this.tokenizer = tokenizer;
    this.#onUnsaved = onUnsaved;
    this.#folder = dir === null ? null : new BoundedFolder(dir, SUFFIX, KEPT_VOCABULARIES * maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** Tokens of a text; `contentHash` is its sha256 in hex, `text` is called only when it was not seen before. */
  async tokensOf(contentHash: string, text: () => string | Promise<string>): Promise<Int32Array> {
    await (this.#loading ??= this.#load());
    const known = this.#entries.get(contentHash);
    if (known !== undefined) {
      this.#entries.delete(contentHash);
      this.#entries.set(contentHash, known);
      return known;
    }
    const tokens = this.tokenizer.tokenize(await text());
    this.#entries.set(contentHash, tokens);
    this.#changed = true;
    return tokens;
  }

  /** Writes what is new. @throws LongsightError LS-501 when nobody else is told */
  async save(): Promise<void> {
    this.#evict();
    if (this.#folder === null || !this.#changed) return;
    this.#changed = false;
    try {
      await this.#write(this.#folder);
    } catch (error) {
      if (this.#onUnsaved === null) throw error;
      this.#onUnsaved(error);
    }
  }

  async #write(folder: BoundedFolder): Promise<void> {
    const body = Buffer.concat(
      [...this.#entries].flatMap(([hash, tokens]) => [head(hash, tokens), littleEndian(tokens)]),
    );
    const file = folder.file(this.#name());
    await writeBeside(file, Buffer.concat([Buffer.from(MAGIC), Buffer.from(sha256(body), "hex"), body]));
    await folder.trim(file);
  }

  #name(): string {
    return sha256(this.tokenizer.id).slice(0, 32);
  }

  #evict(): void {
    let bytes = 0;
    for (const tokens of this.#entries.values()) bytes += entryBytes(tokens);
    for (const [hash, tokens] of this.#entries) {
      if (bytes <= this.#maxBytes) return;
      bytes -= entryBytes(tokens);
      this.#entries.delete(hash);
    }
  }

  /** A file that is missing or damaged is an empty cache: its tokens can be made again. */
  async #load(): Promise<void> {
    if (this.#folder === null) return;
    const data = await readFile(this.#folder.file(this.#name())).catch(() => null);
    if (data?.toString("latin1", 0, MAGIC.length) !== MAGIC) return;
    const body = data.subarray(HEADER_BYTES);
    if (sha256(body) !== data.toString("hex", MAGIC.length, HEADER_BYTES)) return;
    for (let at = 0; at + HASH_BYTES + 4 <= body.length;) {
      const hash = body.toString("hex", at, at + HASH_BYTES);
      const count = body.readUInt32LE(at + HASH_BYTES);
      const start = at + HASH_BYTES + 4;
      const tokens = new Int32Array(count);
      for (let i = 0; i < count; i++) tokens[i] = body.readInt32LE(start + 4 * i);
      this.#entries.set(hash, tokens);
      at = start + 4 * count;
    }
  }
}

const entryBytes = (tokens: Int32Array): number => HASH_BYTES + 4 + tokens.byteLength;

function head(hash: string, tokens: Int32Array): Buffer {
  const data = Buffer.alloc(HASH_BYTES + 4);
  data.write(hash, "hex");
  data.writeUInt32LE(tokens.length, HASH_BYTES);
  return data;
}

function littleEndian(tokens: Int32Array): Buffer {
  const data = Buffer.alloc(tokens.byteLength);
  tokens.forEach((token, index) => data.writeInt32LE(token, 4 * index));
  return data;
}
