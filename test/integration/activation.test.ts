import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { activate } from "./host";

// The first of the suites, by its name: those after it start the engine.
describe("the extension", () => {
  let api: LongsightApi;

  before(async () => {
    api = await activate();
  });

  it("starts no engine before it is used", () => {
    assert.equal(api.engine.pid, undefined);
    assert.equal(api.engine.startCount, 0);
    assert.equal(api.engine.status.state, "idle");
  });

  it("registers every command", async () => {
    const registered = new Set(await vscode.commands.getCommands(true));
    for (const command of Object.values(commands)) assert.ok(registered.has(command), command);
  });

  it("says in words how it is", () => {
    assert.match(api.statusBar.text, /^\$\(book\) Longsight/);
    assert.match(api.statusBar.label, /^Longsight, The workspace has not been read yet/);
    assert.doesNotMatch(api.statusBar.label, /\$\(/);
    assert.equal(api.statusBar.severity, "none");
  });
});
