import assert from "node:assert/strict";
import { standingOut } from "../../../src/engine/trace/standingOut";

describe("how far a file stands out", () => {
  it("puts a well selected file before a tiny one with more lift", () => {
    const tiny = standingOut({ selected: 28, lift: 2.8 });
    const real = standingOut({ selected: 900, lift: 1.8 });
    assert.ok(real > tiny, `${real} and ${tiny}`);
  });

  it("is zero by chance and for what was never selected, negative below", () => {
    assert.equal(standingOut({ selected: 100, lift: 1 }), 0);
    assert.equal(standingOut({ selected: 0, lift: 0 }), 0);
    assert.ok(standingOut({ selected: 50, lift: 0.5 }) < 0);
  });
});
