import assert from "node:assert/strict";
import { RunningPlan } from "../../src/engine/runningPlan";
import type { PlanResult } from "../../src/shared/protocol";

describe("RunningPlan", () => {
  const plan = { budget: 1 } as PlanResult;

  it("is there while the work goes on, and not after it", async () => {
    const running = new RunningPlan();
    assert.equal(running.made, null);
    await running.during(async () => {
      const waiting = running.made;
      running.tell(plan);
      assert.equal(await waiting, plan);
      assert.equal(await running.made, plan);
    });
    assert.equal(running.made, null);
  });

  it("is null for those who wait when the work fails before it has a plan", async () => {
    const running = new RunningPlan();
    const waiting: Promise<PlanResult | null>[] = [];
    const work = running.during(() => {
      if (running.made !== null) waiting.push(running.made);
      return Promise.reject(new Error("no model"));
    });
    await assert.rejects(work, /no model/);
    assert.deepEqual(await Promise.all(waiting), [null]);
  });
});
