/** What a GGUF file says about itself, and whether all of it is there. */
import { open, stat } from "node:fs/promises";
import path from "node:path";
import type { GgmlType, GgufFileInfo, GgufTensorInfo } from "node-llama-cpp";
import { userErrors } from "../../shared/errors";
import { checkGgufHeader } from "./ggufHeader";

export interface GgufFacts {
  readonly architecture: string;
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly trainedContext: number;
  readonly hasChatTemplate: boolean;
}

/**
 * Reads the header of a GGUF file and checks that the file holds all tensors that it names.
 * @throws LongsightError LS-303 not a GGUF, damaged or cut off
 */
export async function readGgufFacts(file: string): Promise<GgufFacts> {
  await checkMagic(file);
  await checkGgufHeader(file);
  // Loaded here: it takes half a second, and many commands never read a model.
  const { GgmlType: types, readGgufFileInfo } = await import("node-llama-cpp");
  let info: GgufFileInfo;
  try {
    info = await readGgufFileInfo(file, {
      sourceType: "filesystem",
      logWarnings: false,
      ignoreKeys: [
        "tokenizer.ggml.tokens",
        "tokenizer.ggml.scores",
        "tokenizer.ggml.merges",
        "tokenizer.ggml.token_type",
      ],
    });
  } catch (error) {
    throw userErrors.modelDamaged(file, "its header is damaged or cut off", error);
  }
  // A file that ends within its header can be read as one without any value.
  if (!("general" in info.metadata)) throw userErrors.modelDamaged(file, "its header is damaged or cut off");
  if (info.splicedParts === 1) await checkLength(file, info.tensorInfo ?? [], elementBytes(types));
  return toFacts(file, info);
}

/** What is read of a header, as it may come from any file. */
interface ForeignMetadata {
  readonly general?: { readonly architecture?: unknown; readonly name?: unknown };
  readonly tokenizer?: { readonly chat_template?: unknown };
}
interface ForeignArchitecture {
  readonly block_count?: unknown;
  readonly embedding_length?: unknown;
  readonly context_length?: unknown;
  readonly attention?: Readonly<Record<"head_count" | "head_count_kv" | "key_length", unknown>>;
}

function toFacts(file: string, info: GgufFileInfo): GgufFacts {
  const [metadata, described]: readonly unknown[] = [info.metadata, info.architectureMetadata];
  const { general, tokenizer } = metadata as ForeignMetadata;
  const own = described as ForeignArchitecture;
  const heads = toNumber(own.attention?.head_count);
  const width = toNumber(own.embedding_length);
  const layers = toNumber(own.block_count);
  const architecture = general?.architecture;
  if (typeof architecture !== "string" || heads === 0 || width === 0 || layers === 0) {
    throw userErrors.modelDamaged(file, "it is not a language model");
  }
  return {
    architecture,
    name: typeof general?.name === "string" ? general.name : path.basename(file),
    layers,
    heads,
    kvHeads: toNumber(own.attention?.head_count_kv) || heads,
    headDim: toNumber(own.attention?.key_length) || width / heads,
    trainedContext: toNumber(own.context_length),
    hasChatTemplate: typeof tokenizer?.chat_template === "string",
  };
}

/** A number, or the first one of a list (some architectures give one per layer); 0 for anything else. */
function toNumber(value: unknown): number {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === "number" || typeof first === "bigint" ? Number(first) : 0;
}

/** @throws LongsightError LS-303 when the file does not begin like a GGUF */
export async function checkMagic(file: string): Promise<void> {
  const magic = Buffer.alloc(4);
  let handle;
  try {
    handle = await open(file, "r");
    await handle.read(magic, 0, 4, 0);
  } catch (error) {
    throw userErrors.modelDamaged(file, "it cannot be read", error);
  } finally {
    await handle?.close();
  }
  if (magic.toString("latin1") !== "GGUF") throw userErrors.modelDamaged(file, "it does not begin like a GGUF file");
}

/** The last tensor must end inside the file: a broken download is found before its weights are believed. */
async function checkLength(
  file: string,
  tensors: readonly GgufTensorInfo[],
  known: ReadonlyMap<GgmlType, number>,
): Promise<void> {
  const size = (await stat(file)).size;
  const needed = Math.max(0, ...tensors.map((tensor) => Number(tensor.fileOffset) + leastBytes(tensor, known)));
  if (size < needed) {
    throw userErrors.modelDamaged(file, `it is cut off: ${size} bytes of at least ${needed}`);
  }
}

/** Bytes per element of the types whose size is beyond doubt; 1/8 is a lower bound for every other one. */
const elementBytes = (types: typeof GgmlType): ReadonlyMap<GgmlType, number> =>
  new Map([
    [types.F32, 4],
    [types.F16, 2],
    [types.BF16, 2],
    [types.Q8_0, 34 / 32],
    [types.Q6_K, 210 / 256],
    [types.Q5_K, 176 / 256],
    [types.Q4_K, 144 / 256],
    [types.Q3_K, 110 / 256],
    [types.Q2_K, 84 / 256],
    [types.Q4_0, 18 / 32],
    [types.Q4_1, 20 / 32],
    [types.Q5_0, 22 / 32],
    [types.Q5_1, 24 / 32],
  ]);

function leastBytes(tensor: GgufTensorInfo, known: ReadonlyMap<GgmlType, number>): number {
  const elements = tensor.dimensions.reduce<number>((product, dimension) => product * Number(dimension), 1);
  return Math.floor(elements * (known.get(tensor.ggmlType) ?? 1 / 8));
}
