import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";
import { requireEnv } from "../helpers/skip";
import { activate, demoFile, setAll } from "./host";

const settings = {
  "longsight.budget": 3000,
  "longsight.attention.initial": 64,
  "longsight.attention.local": 512,
  "longsight.attention.top": 128,
  "longsight.answer.maxTokens": 24,
  "longsight.answer.temperature": 0,
};
const tool = "longsight_ask_codebase";

/** What the chat shows, as it comes. */
class Shown {
  text = "";
  readonly anchors: string[] = [];
  readonly buttons: vscode.Command[] = [];
  markdown(value: string | vscode.MarkdownString): void {
    if (typeof value !== "string") assert.ok(!value.isTrusted && !value.supportHtml);
    this.text += typeof value === "string" ? value : value.value;
  }
  anchor(value: vscode.Uri | vscode.Location): void {
    this.anchors.push("uri" in value ? value.uri.toString() : value.toString());
  }
  button(command: vscode.Command): void {
    this.buttons.push(command);
  }
  progress(): void {
    // Only said while something is read.
  }
  reference(): void {
    // The same places as the anchors.
  }
}

describe("the editor's own chat", function () {
  this.timeout(420_000);
  let api: LongsightApi;
  let restore: (() => Promise<void>) | undefined;
  const none = new vscode.CancellationTokenSource().token;

  before(async function () {
    requireEnv(this, "LONGSIGHT_TEST_MODEL");
    api = await activate();
    restore = await setAll(settings);
  });
  after(() => restore?.());

  it("answers with sources, and goes on with its conversation", async () => {
    const shown = new Shown();
    const request = { prompt: "Where is a hold released?", command: "where", references: [] };
    const result = await api.chat(request, { history: [] }, shown, none);
    assert.equal(result.errorDetails, undefined, result.errorDetails?.message);
    assert.ok(shown.text.trim().length > 10);
    assert.deepEqual(
      shown.buttons.map(({ command }) => command),
      ["longsight.showAttention"],
    );
    for (const uri of shown.anchors) assert.ok(vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(uri)));
    const { conversation } = result.metadata as { conversation?: string };
    assert.ok(conversation !== undefined, "the engine keeps what was asked");

    const turn = { participant: "longsight.chat", result, response: [] } as unknown as vscode.ChatResponseTurn;
    const reference = {
      id: "file",
      value: new vscode.Location(demoFile("src/booking/hold.ts"), new vscode.Range(0, 0, 5, 0)),
    };
    const next = await api.chat(
      { prompt: "And what is this for?", command: undefined, references: [reference] },
      { history: [turn] },
      new Shown(),
      none,
    );
    assert.equal(next.errorDetails, undefined, next.errorDetails?.message);
    assert.equal((next.metadata as { conversation?: string }).conversation, conversation);
  });

  it("stops when the request is cancelled", async () => {
    const cancel = new vscode.CancellationTokenSource();
    const shown = new Shown();
    shown.markdown = () => cancel.cancel();
    const request = { prompt: "Describe every file in detail.", command: undefined, references: [] };
    const result = await api.chat(request, { history: [] }, shown, cancel.token);
    assert.equal(result.errorDetails, undefined);
  });

  it("answers agents through the tool, and refuses what is no question", async () => {
    const { lm } = vscode as unknown as {
      lm: {
        tools: readonly { name: string }[];
        invokeTool: (name: string, options: unknown) => Promise<{ content: readonly { value: string }[] }>;
      };
    };
    assert.ok(
      lm.tools.some(({ name }) => name === tool),
      "the tool is known",
    );
    const invoke = (input: unknown): Promise<{ content: readonly { value: string }[] }> =>
      lm.invokeTool(tool, { input, toolInvocationToken: undefined });
    const { content } = await invoke({ question: "Who sends the mail?" });
    assert.match(content[0]?.value ?? "", /\d+ files, \d+ tokens, as of /);
    await assert.rejects(invoke({ question: "" }));
  });
});
