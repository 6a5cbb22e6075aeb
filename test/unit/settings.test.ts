import assert from "node:assert/strict";
import { compareSettings, parseSettings } from "../../src/engine/settings";
import { defaultSettings } from "../../src/shared/defaults";
import { LongsightError } from "../../src/shared/errors";
import type { EngineSettings } from "../../src/shared/protocol";

const settings: EngineSettings = { ...defaultSettings, dataDir: "/data" };

describe("parseSettings", () => {
  it("takes the defaults", () => assert.deepEqual(parseSettings(settings), settings));

  it("takes RPC servers by address and by name", () => {
    const value = { ...settings, rpcServers: ["192.168.0.7:50052", "box.local:65535"] };
    assert.deepEqual(parseSettings(value), value);
  });

  const wrong: readonly [name: string, value: unknown, says: RegExp][] = [
    ["nothing", undefined, /settings/],
    ["a list", [], /settings/],
    ["a relative folder", { ...settings, dataDir: "data" }, /dataDir: must be an absolute path/],
    ["an unknown place for keys and values", { ...settings, kvPlacement: "attic" }, /kvPlacement/],
    ["an unknown backend", { ...settings, backend: "abacus" }, /backend/],
    ["an RPC server without a port", { ...settings, rpcServers: ["box"] }, /rpcServers\.0: must be 'host:port'/],
    ["an RPC server on no port", { ...settings, rpcServers: ["box:1", "box:70000"] }, /rpcServers\.1/],
    ["a budget below zero", { ...settings, budget: -1 }, /longsight\.budget: it must be at least 0/],
    ["a fraction of a token", { ...settings, budget: 1.5 }, /budget/],
    ["half an attention", { ...settings, esa: { ...settings.esa, top: "many" } }, /attention\.top/],
    ["nothing to select", { ...settings, esa: { ...settings.esa, top: 0 } }, /longsight\.attention\.top: .*at least 1/],
    [
      "a width beyond any key",
      { ...settings, esa: { ...settings.esa, projection: 5000 } },
      /longsight\.attention\.projection: .*at most 1024/,
    ],
    [
      "neighbours without end",
      { ...settings, esa: { ...settings.esa, proximity: 1e9 } },
      /longsight\.attention\.proximity: .*at most 64/,
    ],
    ["an answer of nothing", { ...settings, maxAnswerTokens: 0 }, /longsight\.answer\.maxTokens: .*at least 1/],
    ["a pattern that is no text", { ...settings, exclude: ["a", 1] }, /files\.exclude\.1/],
    ["a setting that does not exist", { ...settings, colour: "blue" }, /settings/],
  ];
  for (const [name, value, says] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => parseSettings(value),
        (error) => error instanceof LongsightError && error.code === "LS-601" && says.test(error.message),
      );
    });
  }
});

describe("compareSettings", () => {
  const table: readonly [Partial<EngineSettings>, string][] = [
    [{}, "none"],
    [{ seed: 7 }, "answer"],
    [{ exclude: ["dist/**"] }, "plan"],
    [{ budget: 1000, seed: 7 }, "plan"],
    [{ threads: 2 }, "context"],
    [{ esa: { ...settings.esa, top: 512 }, budget: 1000 }, "context"],
    [{ model: "other", seed: 7 }, "model"],
    [{ rpcServers: ["192.168.0.7:50052", "box.local:1"] }, "model"],
    [{ dataDir: "/other" }, "model"],
  ];
  for (const [change, expected] of table) {
    it(`${JSON.stringify(change)} touches ${expected}`, () => {
      assert.equal(compareSettings(settings, { ...settings, ...change }), expected);
    });
  }
});
