import assert from "node:assert/strict";
import path from "node:path";
import { defaultDataDir } from "../../../src/cli/dataDir";
import { formatCount, formatDuration, formatSize, formatTable } from "../../../src/cli/format";
import { describe as describeProgress } from "../../../src/cli/output";

describe("numbers for people", () => {
  it("counts with thousands", () => {
    assert.equal(formatCount(1234567), "1,234,567");
  });
  for (const [bytes, text] of [
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1536, "1.5 KB"],
    [4_683_073_536, "4.4 GB"],
  ] as const) {
    it(`${bytes} bytes are ${text}`, () => {
      assert.equal(formatSize(bytes), text);
    });
  }
  for (const [seconds, text] of [
    [0.84, "0.8 s"],
    [42.4, "42 s"],
    [360, "6 min"],
    [7500, "2 h 5 min"],
  ] as const) {
    it(`${seconds} seconds are ${text}`, () => {
      assert.equal(formatDuration(seconds), text);
    });
  }
  it("aligns columns, numbers to the right, with nothing behind the last cell", () => {
    const rows = [
      ["a", "1"],
      ["bcd", "23"],
    ];
    assert.equal(formatTable(rows, [1]), "a     1\nbcd  23\n");
    assert.equal(formatTable([["x", ""]]), "x\n");
  });
  it("tells how far the work is", () => {
    const text = describeProgress({
      stage: "prefill",
      done: 1200,
      total: 30_000,
      unit: "tokens",
      rate: 85.4,
      eta: 337,
    });
    assert.equal(text, "Reading: 1,200 of 30,000 tokens, 85 tokens/s, 6 min left");
  });
});

describe("the default data folder", () => {
  it("follows XDG on Linux, and ignores a relative path as XDG says", () => {
    assert.equal(defaultDataDir("linux", { XDG_DATA_HOME: "/data" }, "/home/u"), path.join("/data", "longsight"));
    const usual = path.join("/home/u", ".local", "share", "longsight");
    assert.equal(defaultDataDir("linux", { XDG_DATA_HOME: "data" }, "/home/u"), usual);
    assert.equal(defaultDataDir("linux", {}, "/home/u"), usual);
  });
  it("is in Application Support on macOS, in LOCALAPPDATA on Windows", () => {
    const support = path.join("/Users/u", "Library", "Application Support", "longsight");
    assert.equal(defaultDataDir("darwin", {}, "/Users/u"), support);
    assert.equal(defaultDataDir("win32", { LOCALAPPDATA: "C:\\L" }, "C:\\U"), path.join("C:\\L", "longsight"));
  });
});
