import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { commands } from "../../src/shared/contributions";
import { requireEnv } from "../helpers/skip";
import { activate, demoFile, setAll, until } from "./host";

const maxTokens = 200;

/** A small context that two cores read quickly, and windows that leave most of it to be selected from. */
const settings = {
  "longsight.budget": 3000,
  "longsight.attention.initial": 64,
  "longsight.attention.local": 512,
  "longsight.attention.top": 256,
  "longsight.answer.maxTokens": maxTokens,
  "longsight.answer.temperature": 0,
};

describe("asking with a real model", function () {
  // Calibrating and reading on two shared cores takes a while.
  this.timeout(420_000);
  let api: LongsightApi;
  let restore: (() => Promise<void>) | undefined;

  before(async function () {
    requireEnv(this, "LONGSIGHT_TEST_MODEL");
    api = await activate();
    await vscode.commands.executeCommand(commands.newConversation);
    restore = await setAll(settings);
  });

  after(() => restore?.());

  it("reads the workspace and answers, with a trace", async () => {
    const states = new Set<string>();
    const look = setInterval(() => states.add(api.engine.status.state), 20);
    const answer = await api.ask("Where is a berth hold released?");
    clearInterval(look);
    const turn = api.turns.at(-1);
    assert.ok(answer !== null, `${turn?.error?.code} ${turn?.error?.message}`);
    assert.notEqual(answer.text.trim(), "");
    assert.equal(turn?.text, answer.text);
    assert.ok(answer.context.files > 2);
    assert.ok(answer.context.tokens <= settings["longsight.budget"], "the budget reached the engine");
    assert.ok(answer.timings.generatedTokens <= maxTokens, "the limit reached the engine");
    assert.ok(states.has("answering"), [...states].join(" "));
    for (const citation of answer.citations) {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(citation.uri));
      assert.ok(citation.startLine >= 1 && citation.startLine <= citation.endLine);
      assert.ok(citation.endLine <= document.lineCount, `${citation.path}:${citation.endLine}`);
    }
    assert.match(api.statusBar.label, /^Longsight, Ready, as of /);
  });

  it("shows what the answer looked at", async () => {
    await vscode.commands.executeCommand(commands.showAttention);
    assert.equal(api.heatmap.kind, "trace");
    assert.equal(api.heatmap.summary?.id, api.turns.at(-1)?.trace);
    assert.ok((api.heatmap.summary?.files.length ?? 0) > 2);
  });

  it("asks again without reading anew", async () => {
    const answer = await api.ask("Who sends the mail?");
    assert.ok(answer !== null);
    assert.ok(answer.timings.reusedTokens >= answer.context.tokens, JSON.stringify(answer.timings));
  });

  it("notes that a file changed after the answer", async () => {
    const looked = api.turns.at(-1)?.lookedAt[0];
    assert.ok(looked !== undefined);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(looked.uri));
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "\n"));
    await until("the turn is marked", () => (api.turns.at(-1)?.changed.includes(looked.path) ? true : undefined));
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
  });

  it("stops within the answer and keeps what was written", async () => {
    const asked = api.ask("Describe every file of the project, one after the other, in great detail.");
    await until("the answer streams", () => ((api.turns.at(-1)?.tokens ?? 0) > 0 ? true : undefined), 120);
    await vscode.commands.executeCommand(commands.stopAnswer);
    await asked;
    assert.equal(api.turns.at(-1)?.state, "stopped");
    assert.notEqual(api.turns.at(-1)?.text, "");
    await until("the engine is ready again", () => (api.engine.status.state === "ready" ? true : undefined));
  });

  it("takes the selected lines along", async () => {
    const document = await vscode.workspace.openTextDocument(demoFile("src/booking/hold.ts"));
    const editor = await vscode.window.showTextDocument(document);
    editor.selection = new vscode.Selection(0, 0, 5, 0);
    await vscode.commands.executeCommand(commands.askAboutSelection);
    assert.equal(api.draft?.about, "src/booking/hold.ts:1-5");
  });
});
