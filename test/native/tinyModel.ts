import { writeFileSync } from "node:fs";

/** Shape of a model with random weights: real architecture, no knowledge, made in milliseconds. */
export interface TinyShape {
  readonly architecture?: string;
  readonly layers?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly headDim?: number;
  readonly trainedContext?: number;
  readonly seed?: number;
}

const TYPE = { u32: 4, f32: 6, string: 8, array: 9, u64: 10, i32: 5 } as const;
const ALIGNMENT = 32;
const SPECIAL = ["<unk>", "<s>", "</s>"];

/** Tokens of the vocabulary: three special ones, 256 bytes and some letters. */
function vocabulary(): { readonly texts: string[]; readonly types: number[] } {
  const texts = [...SPECIAL];
  const types = [2, 3, 3];
  for (let byte = 0; byte < 256; byte++) {
    texts.push(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    types.push(6);
  }
  for (const letter of "\u2581abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'\n:;-") {
    texts.push(letter);
    types.push(1);
  }
  return { texts, types };
}

const number = (bytes: number, write: (buffer: Buffer) => void): Buffer => {
  const buffer = Buffer.alloc(bytes);
  write(buffer);
  return buffer;
};
const u32 = (value: number): Buffer => number(4, (buffer) => buffer.writeUInt32LE(value));
const i32 = (value: number): Buffer => number(4, (buffer) => buffer.writeInt32LE(value));
const u64 = (value: number): Buffer => number(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)));
const f32 = (value: number): Buffer => number(4, (buffer) => buffer.writeFloatLE(value));
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const list = (type: number, items: readonly Buffer[]): Buffer =>
  Buffer.concat([u32(type), u64(items.length), ...items]);

/** Numbers in [-0.5, 0.5) that depend on the seed alone. */
function* noise(seed: number): Generator<number, never> {
  for (let state = seed >>> 0; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32 - 0.5;
  }
}

/** Tokens in the vocabulary of every tiny model. */
export const TINY_VOCABULARY = vocabulary().texts.length;

/** Writes a GGUF with random weights in F32 to `file`. */
export function writeTinyModel(file: string, shape: TinyShape = {}): void {
  const { architecture = "llama", layers = 3, heads = 4, kvHeads = 2, headDim = 64, trainedContext = 1024 } = shape;
  const { seed = 1 } = shape;
  const width = heads * headDim;
  const hidden = 2 * width;
  const { texts, types } = vocabulary();

  const values: readonly (readonly [string, number, Buffer])[] = [
    ["general.architecture", TYPE.string, text(architecture)],
    ["general.name", TYPE.string, text("tiny random model")],
    [`${architecture}.context_length`, TYPE.u32, u32(trainedContext)],
    [`${architecture}.embedding_length`, TYPE.u32, u32(width)],
    [`${architecture}.block_count`, TYPE.u32, u32(layers)],
    [`${architecture}.feed_forward_length`, TYPE.u32, u32(hidden)],
    [`${architecture}.attention.head_count`, TYPE.u32, u32(heads)],
    [`${architecture}.attention.head_count_kv`, TYPE.u32, u32(kvHeads)],
    [`${architecture}.rope.dimension_count`, TYPE.u32, u32(headDim)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, TYPE.f32, f32(1e-5)],
    [`${architecture}.vocab_size`, TYPE.u32, u32(texts.length)],
    ["tokenizer.ggml.model", TYPE.string, text("llama")],
    ["tokenizer.ggml.tokens", TYPE.array, list(TYPE.string, texts.map(text))],
    [
      "tokenizer.ggml.scores",
      TYPE.array,
      list(
        TYPE.f32,
        texts.map((_, index) => f32(-index)),
      ),
    ],
    ["tokenizer.ggml.token_type", TYPE.array, list(TYPE.i32, types.map(i32))],
    ["tokenizer.ggml.bos_token_id", TYPE.u32, u32(1)],
    ["tokenizer.ggml.eos_token_id", TYPE.u32, u32(2)],
    ["tokenizer.ggml.unknown_token_id", TYPE.u32, u32(0)],
  ];

  const tensors: (readonly [string, readonly number[]])[] = [
    ["token_embd.weight", [width, texts.length]],
    ["output_norm.weight", [width]],
    ["output.weight", [width, texts.length]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `blk.${layer}.`;
    tensors.push(
      [`${prefix}attn_norm.weight`, [width]],
      [`${prefix}attn_q.weight`, [width, width]],
      [`${prefix}attn_k.weight`, [width, kvHeads * headDim]],
      [`${prefix}attn_v.weight`, [width, kvHeads * headDim]],
      [`${prefix}attn_output.weight`, [width, width]],
      [`${prefix}ffn_norm.weight`, [width]],
      [`${prefix}ffn_gate.weight`, [width, hidden]],
      [`${prefix}ffn_up.weight`, [width, hidden]],
      [`${prefix}ffn_down.weight`, [hidden, width]],
    );
  }

  const random = noise(seed);
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [name, dimensions] of tensors) {
    const count = dimensions.reduce((product, dimension) => product * dimension, 1);
    const scale = 2 / Math.sqrt(dimensions[0] ?? 1);
    const weights = new Float32Array(count);
    for (let i = 0; i < count; i++) weights[i] = name.includes("norm") ? 1 : scale * random.next().value * 2;
    infos.push(Buffer.concat([text(name), u32(dimensions.length), ...dimensions.map(u64), u32(0), u64(offset)]));
    const padding = (ALIGNMENT - ((count * 4) % ALIGNMENT)) % ALIGNMENT;
    data.push(Buffer.from(weights.buffer), Buffer.alloc(padding));
    offset += count * 4 + padding;
  }

  const head = Buffer.concat([
    Buffer.from("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(values.length),
    ...values.map(([key, type, value]) => Buffer.concat([text(key), u32(type), value])),
    ...infos,
  ]);
  const padding = (ALIGNMENT - (head.length % ALIGNMENT)) % ALIGNMENT;
  writeFileSync(file, Buffer.concat([head, Buffer.alloc(padding), ...data]));
}
