/** Models of a real shape with random weights: right for speed and for comparing numbers, never for answers. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { ensureFolder } from "../disk";
import { BLOCKS, type MetadataValue, type Tensor, type TensorType, tensorBytes, writeGguf } from "./gguf";

/** The numbers that make a transformer's shape. */
export interface ModelShape {
  readonly architecture: "llama" | "qwen2";
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly embedding: number;
  readonly feedForward: number;
  readonly vocabulary: number;
  /** The output uses the token embeddings. */
  readonly tied: boolean;
  readonly ropeBase: number;
  readonly weights: TensorType;
}

export type ShapeName = "tiny" | "0.5b" | "1.5b" | "8b" | "8b-attention";

/**
 * The shapes of Qwen2.5-Coder 0.5B and 1.5B, of Llama 3 8B, four layers of the latter with its attention and little else, and
 * one that computes in no time.
 */
export const shapes: Readonly<Record<ShapeName, ModelShape>> = {
  tiny: {
    architecture: "llama",
    layers: 4,
    heads: 4,
    kvHeads: 2,
    headDim: 32,
    embedding: 128,
    feedForward: 256,
    vocabulary: 512,
    tied: false,
    ropeBase: 10_000,
    weights: "f32",
  },
  "0.5b": {
    architecture: "qwen2",
    layers: 24,
    heads: 14,
    kvHeads: 2,
    headDim: 64,
    embedding: 896,
    feedForward: 4864,
    vocabulary: 151_936,
    tied: true,
    ropeBase: 1_000_000,
    weights: "q4_0",
  },
  "1.5b": {
    architecture: "qwen2",
    layers: 28,
    heads: 12,
    kvHeads: 2,
    headDim: 128,
    embedding: 1536,
    feedForward: 8960,
    vocabulary: 151_936,
    tied: true,
    ropeBase: 1_000_000,
    weights: "q4_0",
  },
  "8b": {
    architecture: "llama",
    layers: 32,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    embedding: 4096,
    feedForward: 14_336,
    vocabulary: 128_256,
    tied: false,
    ropeBase: 500_000,
    weights: "q4_0",
  },
  "8b-attention": {
    architecture: "llama",
    layers: 4,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    embedding: 256,
    feedForward: 256,
    vocabulary: 512,
    tied: false,
    ropeBase: 500_000,
    weights: "q4_0",
  },
};

/** Part of the file's name: another recipe makes another file. */
const RECIPE = 1;
const CONTEXT_LENGTH = 1 << 20;

/**
 * Path of the random model of a shape, made first when it is not there: seconds and up to 5 GB of disk.
 * @throws LongsightError LS-501; the signal's reason when it is aborted
 */
export async function ensureRandomModel(name: ShapeName, dataDir: string, signal?: AbortSignal): Promise<string> {
  const folder = path.join(dataDir, "bench");
  const file = path.join(folder, `random-${name}-${RECIPE}.gguf`);
  const there = await stat(file).catch(() => null);
  if (there !== null) return file;
  await ensureFolder(folder);
  await writeGguf(file, metadataOf(name, shapes[name]), tensorsOf(shapes[name]), signal);
  return file;
}

/** Bytes of the weights of a shape. */
export function weightBytes(shape: ModelShape): number {
  return tensorsOf(shape).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
}

function metadataOf(name: ShapeName, shape: ModelShape): Record<string, MetadataValue> {
  const { architecture } = shape;
  const u32 = (value: number): MetadataValue => ({ type: "u32", value });
  const f32 = (value: number): MetadataValue => ({ type: "f32", value });
  const string = (value: string): MetadataValue => ({ type: "string", value });
  return {
    "general.architecture": string(architecture),
    "general.name": string(`random weights, ${name} shape`),
    [`${architecture}.vocab_size`]: u32(shape.vocabulary),
    [`${architecture}.context_length`]: u32(CONTEXT_LENGTH),
    [`${architecture}.embedding_length`]: u32(shape.embedding),
    [`${architecture}.block_count`]: u32(shape.layers),
    [`${architecture}.feed_forward_length`]: u32(shape.feedForward),
    [`${architecture}.attention.head_count`]: u32(shape.heads),
    [`${architecture}.attention.head_count_kv`]: u32(shape.kvHeads),
    [`${architecture}.attention.key_length`]: u32(shape.headDim),
    [`${architecture}.attention.value_length`]: u32(shape.headDim),
    [`${architecture}.rope.dimension_count`]: u32(shape.headDim),
    [`${architecture}.rope.freq_base`]: f32(shape.ropeBase),
    [`${architecture}.attention.layer_norm_rms_epsilon`]: f32(1e-6),
    ...vocabularyOf(shape.vocabulary),
  };
}

/**
 * The least vocabulary that llama.cpp and node-llama-cpp can work with: three special tokens, one for each byte, and
 * unused ones up to the size. (With no vocabulary at all, node-llama-cpp makes llama.cpp end the process.)
 */
function vocabularyOf(size: number): Record<string, MetadataValue> {
  const special = ["<unk>", "<s>", "</s>"];
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const unused = Array.from({ length: size - special.length - bytes.length }, (_, index) => `<unused-${index}>`);
  // Types: 2 unknown, 3 control, 5 unused, 6 byte.
  const types = [2, 3, 3, ...bytes.map(() => 6), ...unused.map(() => 5)];
  return {
    "tokenizer.ggml.model": { type: "string", value: "llama" },
    "tokenizer.ggml.tokens": { type: "strings", value: [...special, ...bytes, ...unused] },
    "tokenizer.ggml.scores": { type: "f32s", value: new Float32Array(size) },
    "tokenizer.ggml.token_type": { type: "i32s", value: Int32Array.from(types) },
    "tokenizer.ggml.unknown_token_id": { type: "u32", value: 0 },
    "tokenizer.ggml.bos_token_id": { type: "u32", value: 1 },
    "tokenizer.ggml.eos_token_id": { type: "u32", value: 2 },
  };
}

function tensorsOf(shape: ModelShape): Tensor[] {
  const { embedding, feedForward, vocabulary, weights } = shape;
  const queries = shape.heads * shape.headDim;
  const keys = shape.kvHeads * shape.headDim;
  const random = randomWords(0x1234_5678);
  const matrix = (name: string, input: number, output: number, deviation = 1 / Math.sqrt(input)): Tensor => ({
    name: `${name}.weight`,
    dimensions: [input, output],
    type: weights,
    fill: weights === "f32" ? fillF32(random, deviation) : fillQ4(random, deviation),
  });
  const vector = (name: string, length: number, value: number): Tensor => ({
    name,
    dimensions: [length],
    type: "f32",
    fill: (buffer) => new Float32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4).fill(value),
  });
  const layer = (index: number): Tensor[] => {
    const block = `blk.${index}`;
    const bias = (name: string, length: number): Tensor[] =>
      shape.architecture === "qwen2" ? [vector(`${block}.${name}.bias`, length, 0.01)] : [];
    return [
      vector(`${block}.attn_norm.weight`, embedding, 1),
      matrix(`${block}.attn_q`, embedding, queries),
      ...bias("attn_q", queries),
      matrix(`${block}.attn_k`, embedding, keys),
      ...bias("attn_k", keys),
      matrix(`${block}.attn_v`, embedding, keys),
      ...bias("attn_v", keys),
      matrix(`${block}.attn_output`, queries, embedding),
      vector(`${block}.ffn_norm.weight`, embedding, 1),
      matrix(`${block}.ffn_gate`, embedding, feedForward),
      matrix(`${block}.ffn_up`, embedding, feedForward),
      matrix(`${block}.ffn_down`, feedForward, embedding),
    ];
  };
  return [
    matrix("token_embd", embedding, vocabulary, 1),
    vector("output_norm.weight", embedding, 1),
    ...(shape.tied ? [] : [matrix("output", embedding, vocabulary)]),
    ...Array.from({ length: shape.layers }, (_, index) => layer(index)).flat(),
  ];
}

/** 32 random bits a call (xorshift32): the same file on every machine. */
function randomWords(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** Uniform numbers with the given standard deviation. */
function fillF32(random: () => number, deviation: number): (buffer: Buffer) => void {
  const scale = (deviation * Math.sqrt(3)) / 2 ** 31;
  return (buffer) => {
    for (let at = 0; at < buffer.length; at += 4) buffer.writeFloatLE(random() * scale, at);
  };
}

/** Blocks of q4_0: a half-precision scale, then 32 numbers of 4 bits that mean -8 to 7 times the scale. */
function fillQ4(random: () => number, deviation: number): (buffer: Buffer) => void {
  // The root mean square of -8 … 7 is √21.5.
  const scale = toHalf(deviation / Math.sqrt(21.5));
  return (buffer) => {
    for (let at = 0; at < buffer.length; at += BLOCKS.q4_0.bytes) {
      buffer.writeUInt16LE(scale, at);
      for (let word = 2; word < BLOCKS.q4_0.bytes; word += 4) buffer.writeInt32LE(random(), at + word);
    }
  };
}

/** Bits of a positive, normal number in half precision, rounded down. */
function toHalf(value: number): number {
  const exponent = Math.floor(Math.log2(value));
  if (exponent < -14 || exponent > 15) throw new RangeError(`${value} is no normal number in half precision`);
  return ((exponent + 15) << 10) | Math.floor((value / 2 ** exponent - 1) * 1024);
}
