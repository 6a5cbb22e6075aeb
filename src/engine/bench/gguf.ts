/** Writes GGUF files piece by piece, so that a file of any size takes a few megabytes of memory. */
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { partName } from "../disk";

/** Element types that this writer knows, with the number that GGUF gives them. */
const TYPE_NUMBERS = { f32: 0, q4_0: 2 } as const;
export type TensorType = keyof typeof TYPE_NUMBERS;

/** Numbers of GGUF's value types. */
const VALUE_NUMBERS = { u32: 4, i32: 5, f32: 6, string: 8, array: 9 } as const;

/** Elements and bytes of one block. */
export const BLOCKS: Readonly<Record<TensorType, { readonly elements: number; readonly bytes: number }>> = {
  f32: { elements: 1, bytes: 4 },
  q4_0: { elements: 32, bytes: 18 },
};

export interface Tensor {
  readonly name: string;
  /** Elements of each dimension, the contiguous one first. */
  readonly dimensions: readonly number[];
  readonly type: TensorType;
  /** Fills a buffer of whole blocks; called again and again until the tensor is complete. */
  readonly fill: (buffer: Buffer) => void;
}

export type MetadataValue =
  | { readonly type: "u32"; readonly value: number }
  | { readonly type: "f32"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "strings"; readonly value: readonly string[] }
  | { readonly type: "f32s"; readonly value: Float32Array }
  | { readonly type: "i32s"; readonly value: Int32Array };

const ALIGNMENT = 32;
/** Bytes written at once: a multiple of every block size. */
const CHUNK_BLOCKS = 1 << 16;

/**
 * Writes a GGUF version 3 file beside its name and renames it.
 * @throws RangeError when a tensor is not made of whole blocks; any error of the file system
 */
export async function writeGguf(
  file: string,
  metadata: Readonly<Record<string, MetadataValue>>,
  tensors: readonly Tensor[],
  signal?: AbortSignal,
): Promise<void> {
  const header = encodeHeader(metadata, tensors);
  const part = partName(file);
  const handle = await open(part, "w");
  try {
    await handle.write(header);
    for (const tensor of tensors) await writeTensor(handle, tensor, signal);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(part, { force: true });
    throw error;
  }
  await handle.close();
  await rename(part, file);
}

/** Bytes of the data of a tensor, without padding. */
export function tensorBytes({ dimensions, type, name }: Pick<Tensor, "dimensions" | "type" | "name">): number {
  const { elements, bytes } = BLOCKS[type];
  if ((dimensions[0] ?? 0) % elements !== 0) throw new RangeError(`${name}: rows are not made of whole ${type} blocks`);
  return (dimensions.reduce((product, dimension) => product * dimension, 1) / elements) * bytes;
}

async function writeTensor(handle: FileHandle, tensor: Tensor, signal: AbortSignal | undefined): Promise<void> {
  let left = tensorBytes(tensor);
  const padding = padded(left) - left;
  const buffer = Buffer.allocUnsafe(Math.min(left, CHUNK_BLOCKS * BLOCKS[tensor.type].bytes));
  while (left > 0) {
    signal?.throwIfAborted();
    const chunk = buffer.subarray(0, Math.min(left, buffer.length));
    tensor.fill(chunk);
    await handle.write(chunk);
    left -= chunk.length;
  }
  if (padding > 0) await handle.write(Buffer.alloc(padding));
}

function encodeHeader(metadata: Readonly<Record<string, MetadataValue>>, tensors: readonly Tensor[]): Buffer {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dimensions, type } = tensor;
    parts.push(text(name), u32(dimensions.length), ...dimensions.map(u64), u32(TYPE_NUMBERS[type]), u64(offset));
    offset += padded(tensorBytes(tensor));
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(padded(header.length) - header.length)]);
}

function encodeValue(entry: MetadataValue): Buffer {
  switch (entry.type) {
    case "u32":
      return Buffer.concat([u32(VALUE_NUMBERS.u32), u32(entry.value)]);
    case "f32":
      return Buffer.concat([u32(VALUE_NUMBERS.f32), bytesOf(Float32Array.of(entry.value))]);
    case "string":
      return Buffer.concat([u32(VALUE_NUMBERS.string), text(entry.value)]);
    case "strings":
      return array(VALUE_NUMBERS.string, entry.value.length, Buffer.concat(entry.value.map(text)));
    case "f32s":
      return array(VALUE_NUMBERS.f32, entry.value.length, bytesOf(entry.value));
    case "i32s":
      return array(VALUE_NUMBERS.i32, entry.value.length, bytesOf(entry.value));
  }
}

function array(elementType: number, length: number, elements: Buffer): Buffer {
  return Buffer.concat([u32(VALUE_NUMBERS.array), u32(elementType), u64(length), elements]);
}

/** GGUF is little-endian, as is every machine that llama.cpp is built for. */
function bytesOf(values: Float32Array | Int32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

const padded = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}
