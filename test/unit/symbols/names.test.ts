import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { URI } from "vscode-uri";
import { suggestQuestions } from "../../../src/engine/context/questions";
import { createLog } from "../../../src/engine/log";
import { SymbolsHost } from "../../../src/engine/symbolsHost";
import { WorkspaceHost } from "../../../src/engine/workspaceHost";
import { folderRoot } from "../../../src/engine/workspace/walk";
import { defaultSettings } from "../../../src/shared/defaults";
import { root } from "../../helpers/paths.mjs";
import { until } from "../../helpers/until";
import { snapshotOfTexts } from "../context/workspace";

describe("names of a workspace", () => {
  let folder: string;
  let workspace: WorkspaceHost;
  let names: SymbolsHost;
  const uriOf = (file: string): string => URI.file(path.join(folder, file)).toString();

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), "longsight-names-"));
    cpSync(path.join(root, "test/fixtures/demo"), folder, { recursive: true });
    const log = createLog(() => undefined);
    workspace = new WorkspaceHost([folderRoot(folder)], log);
    names = new SymbolsHost(workspace, log, () => ({ ...defaultSettings, dataDir: folder }));
  });
  after(async () => {
    await names.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives the symbols of a file, of its unsaved text, and none outside of the roots", async () => {
    const uri = uriOf("src/booking/hold.ts");
    const saved = await names.symbolsOf(uri);
    assert.ok(saved.length > 0 && saved.every(({ startLine, endLine }) => startLine <= endLine));
    workspace.setOverlay(uri, "class Unsaved {}\n");
    const expected = [{ name: "Unsaved", kind: "class", startLine: 1, endLine: 1, parent: null }];
    assert.deepEqual(await names.symbolsOf(uri), expected);
    workspace.setOverlay(uri, null);
    assert.deepEqual(await names.symbolsOf(URI.file(path.join(root, "src/engine/server.ts")).toString()), []);
    assert.deepEqual(await names.symbolsOf(uriOf("nowhere.ts")), []);
  });

  it("finds symbols of the workspace, and new ones after a change", async () => {
    const find = (text: string) => names.findMentions({ text, limit: 20 }, {});
    await until("symbols are known", async () => (await find("BookingService")).some(({ kind }) => kind === "symbol"));
    const [symbol] = await find("BookingService");
    const lines = readFileSync(path.join(folder, "src/booking/bookingService.ts"), "utf8").split("\n");
    assert.match(lines[symbol!.mention.startLine! - 1]!, /class BookingService/);
    writeFileSync(path.join(folder, "src/quay.ts"), "export class QuaysideLamp {}\n");
    names.reset();
    await until("symbols are known", async () => (await find("QuaysideLamp")).length > 0);
  });

  it("suggests four to six questions that name what there is, the same each time", async () => {
    const questions = await names.suggestQuestions({});
    assert.ok(questions.length >= 4 && questions.length <= 6, questions.join("\n"));
    const { snapshot } = await workspace.take({ ...defaultSettings, dataDir: folder }, {});
    const everything = snapshot.documents.map(({ path: file }) => readFileSync(path.join(folder, file), "utf8")).join();
    const named = questions.flatMap((question) => [...question.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
    assert.ok(named.length >= 3);
    for (const name of named) {
      assert.ok(snapshot.documents.some((file) => file.path.startsWith(name)) || everything.includes(name), name);
    }
    assert.deepEqual(await names.suggestQuestions({}), questions);
  });

  it("ends with the engine and with the request", async () => {
    const other = new SymbolsHost(
      workspace,
      createLog(() => undefined),
      () => ({ ...defaultSettings, dataDir: folder }),
    );
    await assert.rejects(other.findMentions({ text: "a", limit: 1 }, { signal: AbortSignal.abort() }), {
      code: "LS-900",
    });
    await other.dispose();
  });
});

describe("suggestQuestions", () => {
  it("has questions for a folder without source text", () => {
    const { snapshot } = snapshotOfTexts({ "notes.md": "# Notes\n" });
    assert.deepEqual(suggestQuestions(snapshot.documents, []), [
      "What is this project for, and what are its main parts?",
      "Which errors can a user meet, and where does each come from?",
    ]);
  });
});
