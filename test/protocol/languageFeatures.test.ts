import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { CodeAction, CodeLens } from "vscode-languageserver-protocol/node";
import { EngineProcess } from "./engineProcess";

describe("language features of the engine", function () {
  this.timeout(60_000);
  let scratch: string;
  let engine: EngineProcess;
  let file: string;

  before(async () => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-features-"));
    const folder = path.join(scratch, "work");
    mkdirSync(folder);
    writeFileSync(path.join(folder, "berth.ts"), "export function moor(ship: string): string {\n  return ship;\n}\n");
    writeFileSync(path.join(scratch, "outside.ts"), "export function secret(): number {\n  return 1;\n}\n");
    file = pathToFileURL(path.join(folder, "berth.ts")).href;
    engine = new EngineProcess({ folder, dataDir: path.join(scratch, "data") });
    const { capabilities } = await engine.initialize();
    assert.deepEqual(capabilities.codeLensProvider, { resolveProvider: false });
    assert.deepEqual(capabilities.codeActionProvider, { codeActionKinds: ["longsight.ask"], resolveProvider: false });
  });
  after(async () => {
    assert.equal(await engine.stop(), 0);
    rmSync(scratch, { recursive: true, force: true });
  });

  const lenses = (uri: string): Promise<CodeLens[]> =>
    engine.connection.sendRequest("textDocument/codeLens", { textDocument: { uri } });
  const namesOf = (found: readonly CodeLens[]): string[] => [
    ...new Set(found.map(({ command }) => (command?.arguments?.[0] as { name: string }).name)),
  ];

  it("gives lenses of the declarations as they are in the editor now", async () => {
    assert.deepEqual(namesOf(await lenses(file)), ["moor"]);
    const text = "class Pier {\n  moor(): void {\n    return;\n  }\n}\n";
    await engine.notify("textDocument/didOpen", {
      textDocument: { uri: file, languageId: "typescript", version: 1, text },
    });
    assert.deepEqual(namesOf(await lenses(file)), ["Pier", "moor"]);
  });

  it("gives actions for a selection in the workspace only", async () => {
    const actions = (uri: string): Promise<CodeAction[]> =>
      engine.connection.sendRequest("textDocument/codeAction", {
        textDocument: { uri },
        range: { start: { line: 0, character: 0 }, end: { line: 2, character: 1 } },
        context: { diagnostics: [] },
      });
    const commands = (await actions(file)).map(({ command }) => command?.command);
    assert.deepEqual(commands, [
      "longsight.askAboutSelection",
      "longsight.explain",
      "longsight.whereUsed",
      "longsight.why",
    ]);
    const outside = pathToFileURL(path.join(scratch, "outside.ts")).href;
    assert.deepEqual(await actions(outside), []);
    assert.deepEqual(await lenses(outside), []);
  });
});
