/**
 * Walks the header of a GGUF file before anyone believes it: readers take lengths from it, and an absurd one ends the
 * process instead of failing. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { open } from "node:fs/promises";
import { userErrors } from "../../shared/errors";

/** Bytes of GGUF's scalar value types, by their number; 8 is a string, 9 an array. */
const SCALAR_BYTES: readonly (number | undefined)[] = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];
const STRING = 8;
const ARRAY = 9;
const MAX_DIMENSIONS = 4;
/** More than any model has; a header is read into memory as a whole. */
const MAX_HEADER = 512 * 2 ** 20;
const FIRST_READ = 8 * 2 ** 20;

class HeaderError extends Error {}

/** Thrown when the walk needs bytes that were not read yet. */
class NeedMore extends Error {}

/**
 * Checks that every length in the header stays inside the file.
 * @throws LongsightError LS-303 naming what is wrong
 */
export async function checkGgufHeader(file: string): Promise<void> {
  const handle = await open(file, "r").catch((error: unknown) => {
    throw userErrors.modelDamaged(file, "it cannot be read", error);
  });
  try {
    const { size } = await handle.stat();
    for (let length = Math.min(size, FIRST_READ); ; length = Math.min(size, length * 4)) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
      try {
        walk(new Cursor(buffer.subarray(0, bytesRead), size));
        return;
      } catch (error) {
        if (error instanceof HeaderError) throw userErrors.modelDamaged(file, error.message, error);
        if (!(error instanceof NeedMore)) throw error;
      }
      if (length >= size) throw userErrors.modelDamaged(file, "its header is cut off");
      if (length >= MAX_HEADER) throw userErrors.modelDamaged(file, "its header has no end");
    }
  } finally {
    await handle.close();
  }
}

function walk(cursor: Cursor): void {
  if (cursor.bytes(4).toString("latin1") !== "GGUF") throw new HeaderError("it does not begin like a GGUF file");
  const version = cursor.u32();
  if (version !== 2 && version !== 3) throw new HeaderError(`it is of version ${version}, 2 and 3 can be read`);
  const tensors = cursor.count(24);
  const values = cursor.count(13);
  const keys = new Set<string>();
  for (let i = 0; i < values; i++) {
    const key = cursor.text();
    if (keys.has(key)) throw new HeaderError(`the key '${key}' is there twice`);
    keys.add(key);
    const count = skipValue(cursor, cursor.u32());
    if (key === "tokenizer.ggml.tokens" && count === 0) throw new HeaderError("it has no tokens");
  }
  for (let i = 0; i < tensors; i++) walkTensor(cursor);
}

/** @returns number of elements of an array, else 1 */
function skipValue(cursor: Cursor, type: number): number {
  const bytes = SCALAR_BYTES[type];
  if (bytes !== undefined) {
    cursor.skip(bytes);
    return 1;
  }
  if (type === STRING) {
    cursor.skip(cursor.count(1));
    return 1;
  }
  if (type !== ARRAY) throw new HeaderError(`a value has the unknown type ${type}`);
  const inner = cursor.u32();
  if (inner === ARRAY) throw new HeaderError("a value is a list of lists");
  const width = SCALAR_BYTES[inner];
  if (width === undefined && inner !== STRING) throw new HeaderError(`a list has the unknown type ${inner}`);
  const count = cursor.count(width ?? 8);
  if (width !== undefined) cursor.skip(count * width);
  else for (let i = 0; i < count; i++) cursor.skip(cursor.count(1));
  return count;
}

function walkTensor(cursor: Cursor): void {
  const name = cursor.text();
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS)
    throw new HeaderError(`tensor '${name}' has ${dimensions} dimensions`);
  let elements = 1;
  for (let i = 0; i < dimensions; i++) elements *= cursor.u64();
  // The narrowest types take about 1.5 bits per element.
  if (elements < 1 || elements / 8 > cursor.fileSize)
    throw new HeaderError(`tensor '${name}' is larger than the file, which is cut off or damaged`);
  cursor.skip(4); // type
  if (cursor.u64() > cursor.fileSize)
    throw new HeaderError(`tensor '${name}' lies beyond the end of the file, which is cut off or damaged`);
}

/** Reads little-endian values; knows the size of the whole file, of which it holds the beginning. */
class Cursor {
  readonly fileSize: number;
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer, fileSize: number) {
    this.#bytes = bytes;
    this.fileSize = fileSize;
  }

  bytes(length: number): Buffer {
    const start = this.#at;
    this.skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    if (this.#at + length > this.fileSize) throw new HeaderError("its header is damaged or cut off");
    if (this.#at + length > this.#bytes.length) throw new NeedMore();
    this.#at += length;
  }

  u32(): number {
    return this.bytes(4).readUInt32LE();
  }

  u64(): number {
    return Number(this.bytes(8).readBigUInt64LE());
  }

  /** A number of things that take at least `least` bytes each, which must fit into the rest of the file. */
  count(least: number): number {
    const count = this.u64();
    if (count * least > this.fileSize - this.#at) throw new HeaderError("its header is damaged or cut off");
    return count;
  }

  text(): string {
    return this.bytes(this.count(1)).toString("utf8");
  }
}
