import assert from "node:assert/strict";
import { innermost } from "../../../src/extension/commands/innermost";
import type { CodeSymbol } from "../../../src/shared/symbols";

const symbol = (name: string, startLine: number, endLine: number): CodeSymbol => ({
  name,
  kind: "function",
  startLine,
  endLine,
  parent: null,
});

describe("the declaration around a line", () => {
  const symbols = [symbol("Parser", 3, 20), symbol("parse", 5, 9), symbol("inner", 6, 6), symbol("other", 22, 22)];

  it("is the innermost one", () => {
    const names = [1, 3, 5, 6, 9, 10, 20, 21, 22].map((line) => innermost(symbols, line)?.name ?? null);
    assert.deepEqual(names, [null, "Parser", "parse", "inner", "parse", "Parser", "Parser", null, "other"]);
  });
});
