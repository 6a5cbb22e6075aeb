import { loadLlama, type LoadedModel } from "../../../src/engine/model/llama";
import { requireEnv } from "../../helpers/skip";
import { ByteTokenizer } from "./byteTokenizer";
import { describeSpanMap } from "./spanMap.suite";

describe("span map, with a byte-level tokenizer", () => {
  const tokenizer = new ByteTokenizer();
  describeSpanMap(() => tokenizer);
});

describe("span map, with the tokenizer of a real model", function () {
  this.timeout(120_000);
  let model: LoadedModel;

  before(async function () {
    const file = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    model = await (await loadLlama({ gpu: "cpu" })).loadModel(file, { gpuLayers: 0 });
  });
  after(() => (model as LoadedModel | undefined)?.dispose());

  describeSpanMap(() => model);
});
