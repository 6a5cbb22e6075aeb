import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { activate, demoFile, until, withSetting } from "./host";

describe("questions about code", () => {
  let api: LongsightApi;
  let editor: vscode.TextEditor;

  before(async () => {
    api = await activate();
    await api.engine.start();
    editor = await vscode.window.showTextDocument(demoFile("src/booking/holdSweeper.ts"));
  });
  after(() => vscode.commands.executeCommand("workbench.action.closeActiveEditor"));

  const lenses = async (): Promise<readonly vscode.CodeLens[]> => {
    const all = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      "vscode.executeCodeLensProvider",
      editor.document.uri,
      1_000,
    );
    return all.filter(({ command }) => command?.command.startsWith("longsight."));
  };
  const actions = async (range: vscode.Range): Promise<readonly vscode.CodeAction[]> => {
    const all = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      "vscode.executeCodeActionProvider",
      editor.document.uri,
      range,
    );
    return all.filter(({ title }) => title.startsWith("Longsight: "));
  };

  it("stand above declarations when they are wanted, and only then", async () => {
    assert.deepEqual(await lenses(), []);
    await withSetting("longsight.codeLens", true, async () => {
      const shown = await until("there are lenses", async () => {
        const found = await lenses();
        return found.length > 0 ? found : undefined;
      });
      const subjects = shown.map(({ command }) => command?.arguments?.[0] as { name: string; startLine: number });
      for (const { name, startLine } of subjects) {
        assert.ok(editor.document.lineAt(startLine - 1).text.includes(name), `${name} at ${startLine}`);
      }
    });
  });

  it("are offered for a selection, and not for a cursor", async () => {
    const titles = (await actions(new vscode.Range(2, 0, 6, 0))).map(({ title }) => title);
    assert.equal(titles.length, 4);
    assert.ok(titles.includes("Longsight: Explain"), titles.join());
    assert.deepEqual(await actions(new vscode.Range(2, 0, 2, 0)), []);
  });

  it("put the code into the question box", async () => {
    const [action] = await actions(new vscode.Range(2, 0, 6, 0));
    assert.ok(action?.command);
    await vscode.commands.executeCommand(action.command.command, ...((action.command.arguments ?? []) as unknown[]));
    assert.equal(api.draft?.about, "src/booking/holdSweeper.ts:3-6");
  });
});

describe("what goes into the context, by command", () => {
  let api: LongsightApi;
  const settings = (): vscode.WorkspaceConfiguration => vscode.workspace.getConfiguration("longsight.files");
  const run = (command: string, ...paths: string[]): Thenable<unknown> =>
    vscode.commands.executeCommand(command, demoFile(paths[0] ?? ""), paths.map(demoFile));
  const included = async (path: string): Promise<boolean> =>
    (await api.plan()).files.find((file) => file.path === path)?.included === true;

  before(async () => {
    api = await activate();
  });
  after(async () => {
    for (const key of ["pinned", "exclude", "scope"]) {
      await settings().update(key, undefined, vscode.ConfigurationTarget.Workspace);
    }
  });

  it("pins several files and folders, and takes one back", async () => {
    await run(commands.pin, "README.md", "src/payments");
    assert.deepEqual(settings().get("pinned"), ["/README.md", "src/payments/**"]);
    await run(commands.unpin, "README.md");
    assert.deepEqual(settings().get("pinned"), ["src/payments/**"]);
  });

  it("leaves files out of the plan, and brings back what is pinned", async () => {
    assert.equal(await included("docs/holds.md"), true);
    await run(commands.leaveOut, "docs/holds.md");
    assert.deepEqual(settings().get("exclude"), ["docs/holds.md"]);
    await until("the file is out", async () => ((await included("docs/holds.md")) ? undefined : true));
    await run(commands.pin, "docs/holds.md");
    assert.deepEqual(settings().get("exclude"), []);
    await until("the file is in", async () => ((await included("docs/holds.md")) ? true : undefined));
  });

  it("limits the context to folders, and lifts that", async () => {
    await run(commands.limitToFolder, "src/booking");
    assert.deepEqual(settings().get("scope"), ["src/booking"]);
    await vscode.commands.executeCommand(commands.useAllFolders);
    assert.deepEqual(settings().get("scope"), []);
  });
});
