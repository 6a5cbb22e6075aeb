import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { isCancelled, LongsightError, toErrorValue, userErrors } from "../../src/shared/errors";

const root = path.join(import.meta.dirname, "../..");
const document = readFileSync(path.join(root, "docs/errors.md"), "utf8");
const source = readFileSync(path.join(root, "src/shared/errors.ts"), "utf8");
const codes = [...new Set([...source.matchAll(/"(LS-\d{3})"/g)].map((match) => match[1] ?? ""))].sort();

describe("docs/errors.md", () => {
  it("describes exactly the codes of shared/errors.ts, in order", () => {
    const described = [...document.matchAll(/^\| (LS-\d{3}) +\|/gm)].map((match) => match[1]);
    assert.ok(codes.length > 20);
    assert.deepEqual(described, codes);
  });
});

describe("user errors", () => {
  it("keep code, message and way out across a process border", () => {
    const value = toErrorValue(userErrors.folderMissing("/nowhere"));
    assert.deepEqual(Object.keys(value).sort(), ["code", "message", "wayOut"]);
    assert.equal(value.code, "LS-101");
    assert.ok(value.message.includes("/nowhere"));
  });
  it("turn what nobody expected into LS-999", () => {
    assert.equal(toErrorValue(new TypeError("x is not a function")).code, "LS-999");
    assert.equal(toErrorValue("text").message, "text");
  });
  it("keep the cause for the log", () => {
    const cause = new Error("EACCES");
    assert.equal(userErrors.folderUnreadable("/x", cause).cause, cause);
  });
  it("tell cancellation apart", () => {
    assert.ok(isCancelled(userErrors.cancelled()));
    assert.ok(!isCancelled(userErrors.questionEmpty()));
    assert.ok(!isCancelled(new LongsightError("LS-100", "", "")));
  });
});
