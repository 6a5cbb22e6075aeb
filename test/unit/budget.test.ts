import assert from "node:assert/strict";
import { budgetFor, shapeOf } from "../../src/engine/budget";
import type { ActiveModel } from "../../src/engine/modelHost";
import { contextBytes } from "../../src/engine/session/memory";
import { defaultSettings } from "../../src/shared/defaults";
import type { EngineSettings, Reading } from "../../src/shared/protocol";

describe("budgetFor", () => {
  const settings = (reading: Reading): EngineSettings => ({
    ...defaultSettings,
    dataDir: "/data",
    budget: 50_000,
    reading,
  });
  const active = (denseReason: string | null): ActiveModel =>
    ({
      model: { facts: { layers: 24, kvHeads: 2, headDim: 64, trainedContext: 32_768, denseReason } },
      runtime: { backend: "cpu", devices: [] },
    }) as unknown as ActiveModel;

  const bytes = (reading: Reading, denseReason: string | null): number =>
    budgetFor(settings(reading), active(denseReason), 0).memoryBytes(10_000);

  it("counts the context in which files are read by themselves", () => {
    const beside = contextBytes(shapeOf(active(null), settings("perFile")), 16_384);
    assert.equal(bytes("perFile", null) - bytes("contextual", null), beside);
  });

  it("counts none for a model that cannot read so", () => {
    assert.equal(bytes("perFile", "it slides"), bytes("contextual", "it slides"));
  });
});
