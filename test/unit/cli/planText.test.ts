import assert from "node:assert/strict";
import { formatPlan } from "../../../src/cli/commands/plan";
import type { PlanResult } from "../../../src/shared/protocol";

describe("the plan as text", () => {
  const file = { uri: "file:///w/a.ts", bytes: 40, tokens: 10, estimated: false, included: true };
  const plan: PlanResult = {
    ...{ budget: 100, budgetReason: "as set", used: 30, memoryBytes: 2 ** 30, model: "tiny" },
    included: { files: 2, tokens: 20 },
    leftOut: { files: 1, tokens: 10 },
    files: [
      { ...file, path: "a.ts", reason: "source, used by 1 file" },
      { ...file, path: "b.ts", outline: true, reason: "declarations only: the whole file is over the budget" },
      { ...file, path: "c.ts", included: false, reason: "over the budget of 100 tokens" },
    ],
    gain: { tokens: 65_536, files: 2, memoryBytes: 2 ** 30 },
  };

  it("names outlines, what more would bring and what that costs", () => {
    const text = formatPlan(plan, false);
    assert.match(text, /^Of 1 of these files only the declarations\.$/m);
    assert.match(text, /^64 k more tokens would bring 2 more files in as a whole and take 1\.\d GB more\.$/m);
    assert.match(text, /b\.ts +10 +declarations only/);
  });

  it("does not speak of them where there are none", () => {
    const text = formatPlan({ ...plan, files: plan.files.slice(0, 1), gain: null }, false);
    assert.doesNotMatch(text, /declarations|would bring/);
  });
});
