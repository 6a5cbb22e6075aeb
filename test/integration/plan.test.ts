import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { activate, demoFile, until, withSetting } from "./host";

describe("the plan", () => {
  let api: LongsightApi;

  before(async () => {
    api = await activate();
  });

  const planned = async (path: string): Promise<{ included: boolean; tokens: number; reason: string } | undefined> =>
    (await api.plan()).files.find((file) => file.path === path);

  it("holds the files of the workspace and adds up", async () => {
    const plan = await api.plan();
    const included = plan.files.filter((file) => file.included);
    assert.ok(included.some((file) => file.path === "src/booking/hold.ts"));
    assert.equal(plan.included.files, included.length);
    assert.equal(
      plan.included.tokens,
      included.reduce((sum, file) => sum + file.tokens, 0),
    );
    for (const file of plan.files) assert.notEqual(file.reason, "", file.path);
    assert.ok(api.engine.pid !== undefined, "the engine runs now");
  });

  it("sees what is not saved yet", async () => {
    const before = await planned("src/clock.ts");
    const document = await vscode.workspace.openTextDocument(demoFile("src/clock.ts"));
    const editor = await vscode.window.showTextDocument(document);
    try {
      const added = "export const tideTable = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];\n".repeat(40);
      await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), added));
      assert.ok(document.isDirty);
      const after = await until("the unsaved text counts", async () => {
        const now = await planned("src/clock.ts");
        return now !== undefined && before !== undefined && now.tokens > before.tokens + 400 ? now : undefined;
      });
      assert.ok(after.included);
    } finally {
      await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    }
    await until("the saved text counts again", async () =>
      (await planned("src/clock.ts"))?.tokens === before?.tokens ? true : undefined,
    );
  });

  it("sees a file that appears on disk", async () => {
    const file = demoFile("docs/appeared.md");
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode("# Appeared\n\nA page about winter berths.\n"));
    try {
      await until("the new file is in", () => planned("docs/appeared.md"));
    } finally {
      await vscode.workspace.fs.delete(file);
    }
    await until("the removed file is out", async () =>
      (await planned("docs/appeared.md")) === undefined ? true : undefined,
    );
  });

  it("follows the settings at once", async () => {
    assert.equal((await planned("docs/holds.md"))?.included, true);
    await withSetting("longsight.files.exclude", ["docs/**"], () =>
      until("docs are left out", async () => ((await planned("docs/holds.md"))?.included === true ? undefined : true)),
    );
    await until("docs are back", async () => ((await planned("docs/holds.md"))?.included === true ? true : undefined));
  });

  it("opens as a panel", async () => {
    await vscode.commands.executeCommand(commands.showContextPlan);
    const tab = await until("the panel is open", () =>
      vscode.window.tabGroups.all
        .flatMap((group) => group.tabs)
        .find((candidate) => candidate.label === "Context Plan"),
    );
    await vscode.window.tabGroups.close(tab);
  });
});
