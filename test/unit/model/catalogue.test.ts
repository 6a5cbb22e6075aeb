import assert from "node:assert/strict";
import { catalogue, findInCatalogue, kvBytesPerToken } from "../../../src/engine/model/catalogue";
import { judge, type Machine, neededBytes } from "../../../src/engine/model/recommend";

const GB = 2 ** 30;

describe("the catalogue", () => {
  it("has unique ids, whole checksums and a pinned revision for every model", () => {
    assert.equal(new Set(catalogue.map(({ id }) => id)).size, catalogue.length);
    for (const model of catalogue) {
      assert.match(model.sha256, /^[0-9a-f]{64}$/, model.id);
      assert.match(model.source, /^hf:[\w.-]+\/[\w.-]+\/[\w.-]+\.gguf#[0-9a-f]{40}$/, model.id);
    }
  });
  it("finds ids in any case", () => {
    assert.equal(findInCatalogue("Qwen2.5-Coder-7B-Instruct")?.id, "qwen2.5-coder-7b-instruct");
    assert.equal(findInCatalogue("gpt-9"), undefined);
  });
  it("counts the bytes of a token's keys and values", () => {
    // Qwen2.5-Coder 1.5B: 28 layers, 2 KV heads of 128, f16: 28.7 KB (28,672 bytes).
    const model = findInCatalogue("qwen2.5-coder-1.5b-instruct");
    assert.ok(model);
    assert.equal(kvBytesPerToken(model), 28_672);
  });
  it("says which licence does not allow every use", () => {
    const restricted = catalogue.filter(({ freeUse }) => !freeUse).map(({ id, license }) => [id, license]);
    assert.deepEqual(restricted, [["qwen2.5-coder-3b-instruct", "Qwen-RESEARCH"]]);
  });
});

describe("the recommendation", () => {
  const cases: readonly (readonly [string, Machine, string | null])[] = [
    ["two cores, 8 GB", { memoryFree: 8 * GB, gpuMemoryFree: 0, cores: 2 }, "qwen2.5-coder-1.5b-instruct"],
    ["two cores, 2 GB", { memoryFree: 2 * GB, gpuMemoryFree: 0, cores: 2 }, "qwen2.5-coder-0.5b-instruct"],
    ["sixteen cores, 32 GB", { memoryFree: 32 * GB, gpuMemoryFree: 0, cores: 16 }, "qwen3-coder-30b-a3b-instruct"],
    ["sixteen cores, 16 GB", { memoryFree: 16 * GB, gpuMemoryFree: 0, cores: 16 }, "qwen2.5-coder-7b-instruct"],
    ["six cores, 16 GB", { memoryFree: 16 * GB, gpuMemoryFree: 0, cores: 6 }, "qwen3-4b-instruct-2507"],
    ["a GPU of 8 GB", { memoryFree: 16 * GB, gpuMemoryFree: 8 * GB, cores: 2 }, "qwen2.5-coder-7b-instruct"],
    ["a small machine", { memoryFree: 0.7 * GB, gpuMemoryFree: 0, cores: 1 }, null],
  ];
  for (const [name, machine, expected] of cases) {
    it(`${name}: ${expected ?? "none"}`, () => {
      const recommended = judge(machine).filter((fit) => fit.recommended);
      assert.deepEqual(
        recommended.map(({ model }) => model.id),
        expected === null ? [] : [expected],
      );
    });
  }
  it("never recommends what not everyone may use, and says why", () => {
    const machine = { memoryFree: 5 * GB, gpuMemoryFree: 5 * GB, cores: 2 };
    const fit = judge(machine).find(({ model }) => !model.freeUse);
    assert.ok(fit);
    assert.deepEqual([fit.fits, fit.recommended], [true, false]);
    assert.match(fit.note, /research only/);
  });
  it("says how much is missing", () => {
    const machine = { memoryFree: 4 * GB, gpuMemoryFree: 0, cores: 8 };
    const largest = judge(machine).at(-1);
    assert.ok(largest);
    assert.equal(largest.fits, false);
    assert.match(largest.note, /^Needs \d+\.\d GB .* 3\.5 GB are free\.$/);
  });
  it("counts weights and a useful context", () => {
    const model = findInCatalogue("qwen3-4b-instruct-2507");
    assert.ok(model);
    assert.ok(neededBytes(model) > model.sizeBytes + 32_768 * kvBytesPerToken(model));
    assert.ok(neededBytes(model, 1024) < neededBytes(model, 65_536));
  });
});
