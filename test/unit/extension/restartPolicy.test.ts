import assert from "node:assert/strict";
import { RestartPolicy } from "../../../src/extension/restartPolicy";

describe("RestartPolicy", () => {
  it("waits longer after each crash and then gives up", () => {
    const policy = new RestartPolicy([1, 10, 100], 1000);
    assert.deepEqual(
      [0, 5, 20, 130].map((now) => policy.next(now)),
      [1, 10, 100, null],
    );
  });

  it("forgets a crash after the window", () => {
    const policy = new RestartPolicy([1, 10], 1000);
    assert.equal(policy.next(0), 1);
    assert.equal(policy.next(500), 10);
    assert.equal(policy.next(1_400), 10, "only the crash at 500 counts beside this one");
    assert.equal(policy.next(5_000), 1);
  });

  it("starts anew when the user restarts", () => {
    const policy = new RestartPolicy([1], 1000);
    policy.next(0);
    assert.equal(policy.next(1), null);
    policy.reset();
    assert.equal(policy.next(2), 1);
  });
});
