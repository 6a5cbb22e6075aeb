import assert from "node:assert/strict";
import {
  bytesPerToken,
  chooseBudget,
  contextBytes,
  requireMemory,
  tokensThatFit,
} from "../../../src/engine/session/memory";
import { commonPrefix, hashTokens } from "../../../src/engine/session/tokenPrefix";
import { LongsightError } from "../../../src/shared/errors";

/** Qwen2.5-Coder-0.5B. */
const shape = { layers: 24, kvHeads: 2, headDim: 64, projection: 64, batchSize: 512 };
const GB = 2 ** 30;

describe("memory of a context", () => {
  it("counts K, V, compressed keys and the score column of a token", () => {
    const kv = 24 * 2 * 2 * 64 * 2;
    const compressed = 24 * 64 * 2;
    assert.equal(bytesPerToken(shape), kv + compressed + 512 * 4);
  });

  it("fits as many tokens as it says", () => {
    for (const free of [GB, 4 * GB, 16 * GB]) {
      const tokens = tokensThatFit(shape, free);
      assert.doesNotThrow(() => requireMemory(shape, tokens, free));
      assert.throws(
        () => requireMemory(shape, tokens + 2, free),
        (error) => error instanceof LongsightError && error.code === "LS-201" && error.message.includes("GB needed"),
      );
    }
  });

  it("fits nothing where not even the workspaces fit", () => {
    assert.equal(tokensThatFit(shape, 100 * 2 ** 20), 0);
    assert.ok(contextBytes(shape, 0) > 100 * 2 ** 20);
  });
});

describe("chooseBudget", () => {
  const reserve = 1000;
  const table: readonly [
    name: string,
    setting: number,
    memory: number,
    trained: number | null,
    budget: number,
    reason: RegExp,
  ][] = [
    ["memory decides", 0, 50_000, null, 49_000, /memory holds: 3\.0 GB free on cuda$/],
    ["the user decides", 20_000, 50_000, null, 20_000, /as set/],
    ["the user decides beyond the memory: an error follows", 90_000, 50_000, null, 90_000, /as set/],
    ["a dense model reads its trained context", 0, 500_000, 32_768, 31_768, /trained context/],
    ["a dense model reads no more than that when more is set", 90_000, 500_000, 32_768, 31_768, /trained context/],
    ["a dense model with less set", 8000, 500_000, 32_768, 8000, /as set/],
    ["no memory at all", 0, 10, null, 0, /memory holds: 3\.0 GB free on cuda$/],
  ];
  for (const [name, setting, memory, trained, budget, reason] of table) {
    it(name, () => {
      const chosen = chooseBudget({ setting, memory, memoryName: "3.0 GB free on cuda", trained, reserve });
      assert.equal(chosen.budget, budget);
      assert.match(chosen.reason, reason);
    });
  }
});

describe("token prefixes", () => {
  const tokens = (...values: number[]): Int32Array => Int32Array.from(values);
  it("counts what two lists have in common at their start", () => {
    assert.equal(commonPrefix(tokens(1, 2, 3), tokens(1, 2, 4)), 2);
    assert.equal(commonPrefix(tokens(1, 2), tokens(1, 2, 4)), 2);
    assert.equal(commonPrefix(tokens(), tokens(1)), 0);
    assert.equal(commonPrefix(tokens(5, 2), tokens(1, 2)), 0);
  });
  it("hashes the tokens, not the buffer around them", () => {
    const whole = tokens(9, 1, 2, 3, 9);
    assert.equal(hashTokens(whole.subarray(1, 4)), hashTokens(tokens(1, 2, 3)));
    assert.notEqual(hashTokens(tokens(1, 2, 3)), hashTokens(tokens(1, 2)));
  });
});
