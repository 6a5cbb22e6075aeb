import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { requireEnv } from "../helpers/skip";
import { activate, demoFile, setAll, until } from "./host";

const settings = {
  "longsight.budget": 3000,
  "longsight.attention.initial": 64,
  "longsight.attention.local": 512,
  "longsight.attention.top": 128,
  "longsight.answer.maxTokens": 24,
  "longsight.answer.temperature": 0,
};

describe("attention in the editors", function () {
  this.timeout(420_000);
  let api: LongsightApi;
  let restore: (() => Promise<void>) | undefined;
  let editor: vscode.TextEditor;

  before(async function () {
    requireEnv(this, "LONGSIGHT_TEST_MODEL");
    api = await activate();
    await vscode.commands.executeCommand(commands.newConversation);
    restore = await setAll(settings);
    const answer = await api.ask("Where is a berth hold released?");
    assert.ok(answer !== null, api.turns.at(-1)?.error?.message);
    const path = answer.lookedAt[0]?.path;
    assert.ok(path !== undefined, "something stands out");
    editor = await vscode.window.showTextDocument(demoFile(path));
  });

  after(async () => {
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    await restore?.();
  });

  const lines = (): Map<number, number> =>
    new Map(
      api
        .paintedLines(editor)
        .flatMap(({ from, to, grade }) =>
          Array.from({ length: to - from + 1 }, (_, index) => [from + index, grade] as const),
        ),
    );
  const hovers = async (line: number): Promise<string> => {
    const found = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      editor.document.uri,
      new vscode.Position(line, 0),
    );
    return found
      .flatMap(({ contents }) => contents)
      .map((content) => (content as vscode.MarkdownString).value)
      .join("\n");
  };

  it("is painted when it is turned on", async () => {
    assert.equal(lines().size, 0);
    await vscode.commands.executeCommand(commands.toggleAttentionInEditors);
    const painted = await until("lines are painted", () => (lines().size > 0 ? lines() : undefined));
    for (const [line, grade] of painted) {
      assert.ok(line < editor.document.lineCount && grade >= 1 && grade <= 4);
      assert.match(editor.document.lineAt(line).text, /[\p{L}\p{N}]/u, "lines without words are not painted");
    }
  });

  it("says on hover how much and by which words, and nothing of other lines", async () => {
    const [painted] = lines().keys();
    assert.ok(painted !== undefined);
    const text = await hovers(painted);
    assert.match(text, /Selected&nbsp;[\d.]+&nbsp;times|Selected [\d.]+ times/);
    assert.match(text, /berth/);
    assert.match(text, /command:longsight\.showAttention/);
    const bare = Array.from({ length: editor.document.lineCount }, (_, line) => line).find(
      (line) => !lines().has(line) && editor.document.lineAt(line).text !== "",
    );
    assert.ok(bare !== undefined);
    assert.doesNotMatch(await hovers(bare), /fair/);
  });

  it("follows lines that move, and leaves lines that changed", async () => {
    const before = lines();
    const [first] = before.keys();
    assert.ok(first !== undefined);
    await editor.edit((edit) => {
      edit.insert(new vscode.Position(0, 0), "// one\n// two\n");
      edit.insert(new vscode.Position(first, 0), "changed ");
    });
    const moved = [...before].filter(([line]) => line !== first).map(([line, grade]) => [line + 2, grade] as const);
    await until("the paint moved", () => {
      const now = lines();
      return !now.has(first + 2) && moved.every(([line, grade]) => now.get(line) === grade) ? true : undefined;
    });
    assert.equal(lines().size, before.size - 1);
    await vscode.commands.executeCommand("undo");
    await until("the old paint is back", () => (lines().size === before.size ? true : undefined));
  });

  it("is gone when it is turned off", async () => {
    const [painted] = lines().keys();
    await vscode.commands.executeCommand(commands.toggleAttentionInEditors);
    assert.equal(lines().size, 0);
    assert.doesNotMatch(await hovers(painted ?? 0), /fair/);
  });
});
