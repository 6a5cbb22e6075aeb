/** The models that Longsight offers, with every fact that is needed before the file is on this machine. */

/** Where attention reads its memory: the numbers that decide how many bytes one token of context takes. */
export interface AttentionShape {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

export interface CatalogueModel extends AttentionShape {
  readonly id: string;
  readonly name: string;
  /** SPDX identifier where there is one. */
  readonly license: string;
  /** False: the licence does not allow every use, so the model is never recommended unasked. */
  readonly freeUse: boolean;
  /** For people, such as `1.5 B`. */
  readonly parameters: string;
  /** Billions of parameters that one token passes through: what the speed depends on. */
  readonly activeBillions: number;
  readonly quantization: string;
  readonly sizeBytes: number;
  /** Of the file that `source` names. */
  readonly sha256: string;
  /** Tokens that the model was trained to read. */
  readonly trainedContext: number;
  /** GGUF name of the architecture. */
  readonly architecture: string;
  /** `hf:` URI with the revision after `#`. */
  readonly source: string;
}

/** From the weakest to the most able: the recommendation takes the last one that this machine can carry. */
export const catalogue: readonly CatalogueModel[] = [
  {
    id: "smollm2-135m-instruct",
    name: "SmolLM2 135M Instruct",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "135 M",
    activeBillions: 0.135,
    quantization: "Q8_0",
    sizeBytes: 144_811_360,
    sha256: "5a1395716f7913741cc51d98581b9b1228d80987a9f7d3664106742eb06bba83",
    trainedContext: 8192,
    architecture: "llama",
    layers: 30,
    kvHeads: 3,
    headDim: 64,
    source:
      "hf:bartowski/SmolLM2-135M-Instruct-GGUF/SmolLM2-135M-Instruct-Q8_0.gguf#09816acd5d99df7be770d85ea30822623dab342c",
  },
  {
    id: "qwen2.5-coder-0.5b-instruct",
    name: "Qwen2.5-Coder 0.5B Instruct",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "0.5 B",
    activeBillions: 0.49,
    quantization: "Q4_K_M",
    sizeBytes: 491_400_064,
    sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    trainedContext: 32_768,
    architecture: "qwen2",
    layers: 24,
    kvHeads: 2,
    headDim: 64,
    source:
      "hf:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf" +
      "#ebb2015119c907b064c512bf053e945850b5875f",
  },
  {
    id: "qwen2.5-coder-1.5b-instruct",
    name: "Qwen2.5-Coder 1.5B Instruct",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "1.5 B",
    activeBillions: 1.54,
    quantization: "Q4_K_M",
    sizeBytes: 1_117_320_768,
    sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    trainedContext: 32_768,
    architecture: "qwen2",
    layers: 28,
    kvHeads: 2,
    headDim: 128,
    source:
      "hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf" +
      "#f86cb2c1fa58255f8052cc32aeede1b7482d4361",
  },
  {
    id: "qwen2.5-coder-3b-instruct",
    name: "Qwen2.5-Coder 3B Instruct",
    license: "Qwen-RESEARCH",
    freeUse: false,
    parameters: "3 B",
    activeBillions: 3.09,
    quantization: "Q4_K_M",
    sizeBytes: 2_104_932_800,
    sha256: "724fb256bec1ff062b2f65e4569e871ad2e95ab2a3989723d1769c54294730b7",
    trainedContext: 32_768,
    architecture: "qwen2",
    layers: 36,
    kvHeads: 2,
    headDim: 128,
    source:
      "hf:Qwen/Qwen2.5-Coder-3B-Instruct-GGUF/qwen2.5-coder-3b-instruct-q4_k_m.gguf" +
      "#f74adce6aa16316c625447af059dbebe4983757c",
  },
  {
    id: "qwen3-4b-instruct-2507",
    name: "Qwen3 4B Instruct 2507",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "4 B",
    activeBillions: 4.02,
    quantization: "Q4_K_M",
    sizeBytes: 2_497_281_120,
    sha256: "3605803b982cb64aead44f6c1b2ae36e3acdb41d8e46c8a94c6533bc4c67e597",
    trainedContext: 262_144,
    architecture: "qwen3",
    layers: 36,
    kvHeads: 8,
    headDim: 128,
    source:
      "hf:unsloth/Qwen3-4B-Instruct-2507-GGUF/Qwen3-4B-Instruct-2507-Q4_K_M.gguf" +
      "#a06e946bb6b655725eafa393f4a9745d460374c9",
  },
  {
    id: "qwen2.5-coder-7b-instruct",
    name: "Qwen2.5-Coder 7B Instruct",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "7 B",
    activeBillions: 7.62,
    quantization: "Q4_K_M",
    sizeBytes: 4_683_073_536,
    sha256: "509287f78cb4d4cf6b3843734733b914b2c158e43e22a7f4bf5e963800894d3c",
    trainedContext: 32_768,
    architecture: "qwen2",
    layers: 28,
    kvHeads: 4,
    headDim: 128,
    source:
      "hf:Qwen/Qwen2.5-Coder-7B-Instruct-GGUF/qwen2.5-coder-7b-instruct-q4_k_m.gguf" +
      "#13fb94bfda8c8cf22497dc57b78f391a9acb426a",
  },
  {
    id: "qwen3-coder-30b-a3b-instruct",
    name: "Qwen3-Coder 30B-A3B Instruct",
    license: "Apache-2.0",
    freeUse: true,
    parameters: "30.5 B, 3.3 B active",
    activeBillions: 3.3,
    quantization: "Q4_K_M",
    sizeBytes: 18_556_689_568,
    sha256: "fadc3e5f8d42bf7e894a785b05082e47daee4df26680389817e2093056f088ad",
    trainedContext: 262_144,
    architecture: "qwen3moe",
    layers: 48,
    kvHeads: 4,
    headDim: 128,
    source:
      "hf:unsloth/Qwen3-Coder-30B-A3B-Instruct-GGUF/Qwen3-Coder-30B-A3B-Instruct-Q4_K_M.gguf" +
      "#b17cb02dd882d5b6ab62fc777ad2995f19668350",
  },
];

/** The entry with this id, or undefined. Ids are case-insensitive. */
export function findInCatalogue(id: string): CatalogueModel | undefined {
  const wanted = id.toLowerCase();
  return catalogue.find((model) => model.id === wanted);
}

/** Bytes of keys and values of one token in f16: 2 (K and V) · layers · KV heads · head dimension · 2 bytes. */
export function kvBytesPerToken(shape: AttentionShape): number {
  return 2 * shape.layers * shape.kvHeads * shape.headDim * 2;
}
