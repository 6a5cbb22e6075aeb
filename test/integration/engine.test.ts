import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { activate, until } from "./host";

describe("the engine's life", () => {
  let api: LongsightApi;

  before(async () => {
    api = await activate();
    await api.engine.start();
  });

  /** Process id of an engine other than `old`. */
  const successor = (old: number): Promise<number> =>
    until("another engine runs", () =>
      api.engine.pid !== undefined && api.engine.pid !== old ? api.engine.pid : undefined,
    );

  const gone = (pid: number): Promise<true> =>
    until(`process ${pid} is gone`, () => {
      try {
        process.kill(pid, 0);
        return undefined;
      } catch {
        return true;
      }
    });

  it("runs as a process of its own", () => {
    assert.ok(api.engine.pid !== undefined);
    assert.notEqual(api.engine.pid, process.pid);
  });

  it("starts again after it was killed, and works", async () => {
    const old = api.engine.pid;
    assert.ok(old !== undefined);
    const starts = api.engine.startCount;
    process.kill(old, "SIGKILL");
    await successor(old);
    assert.equal(api.engine.startCount, starts + 1);
    assert.ok((await api.plan()).included.files > 0);
    assert.notEqual(api.engine.status.state, "failed");
  });

  it("fails a request that it was killed under, with a way out", async () => {
    const old = api.engine.pid;
    assert.ok(old !== undefined);
    const asked = api.ask("What is a hold?");
    await until("the question is under way", () => (api.turns.length > 0 ? true : undefined));
    process.kill(old, "SIGKILL");
    assert.equal(await asked, null);
    const turn = api.turns.at(-1);
    assert.equal(turn?.state, "failed");
    assert.equal(turn.error?.code, "LS-407");
    assert.equal(turn.question, "What is a hold?");
    await successor(old);
    await vscode.commands.executeCommand(commands.newConversation);
    assert.deepEqual(api.turns, []);
  });

  it("restarts on command and leaves no process behind", async () => {
    const old = api.engine.pid;
    assert.ok(old !== undefined);
    await vscode.commands.executeCommand(commands.restartEngine);
    assert.notEqual(api.engine.pid, old);
    await gone(old);
    assert.ok((await api.plan()).included.files > 0);
  });
});
