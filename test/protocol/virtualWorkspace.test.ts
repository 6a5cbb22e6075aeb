import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Ask, Plan, type PlanResult, Read } from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { EngineProcess, errorValueOf } from "./engineProcess";
import { MemoryFiles } from "./memoryFiles";

/** In the catalogue and on no machine that runs tests: plans are estimated. */
const ABSENT = "qwen3-coder-30b-a3b-instruct";

describe("workspace folders that are not on disk", function () {
  this.timeout(180_000);
  let scratch: string;
  const engines: EngineProcess[] = [];

  beforeEach(() => (scratch = mkdtempSync(path.join(tmpdir(), "longsight-virtual-"))));
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function start(folders: readonly string[], files: MemoryFiles | null, model = ABSENT): Promise<EngineProcess> {
    const settings = { model, maxAnswerTokens: 8, threads: 2, excludeIn: { [folders[0]!]: ["hidden"] } };
    const workspaceFolders = folders.map((uri) => ({ uri, name: uri.replace(/\/$/, "").split("/").pop()! }));
    const engine = new EngineProcess({
      folder: scratch,
      dataDir: path.join(scratch, "data"),
      settings,
      workspaceFolders,
    });
    engines.push(engine);
    files?.serve(engine.connection);
    await engine.initialize();
    return engine;
  }

  const included = (plan: PlanResult): string[] =>
    plan.files
      .filter((file) => file.included)
      .map((file) => file.path)
      .sort();
  const reasons = (plan: PlanResult): Record<string, string> =>
    Object.fromEntries(plan.files.filter((file) => !file.included).map((file) => [file.path, file.reason]));

  it("are walked with all rules, each file once until it changes", async () => {
    const top = "memfs://host/app";
    const files = new MemoryFiles([top]);
    files.write(`${top}/.gitignore`, "*.log\n");
    files.write(`${top}/a.log`, "1\n");
    files.write(`${top}/src/a ü%23b.ts`, "export const a = 1;\n");
    files.write(`${top}/src/deep/b.ts`, "export const b = 1;\n");
    files.write(`${top}/utf16.txt`, Buffer.from("\uFEFFtext\n", "utf16le"));
    files.write(`${top}/hidden/c.ts`, "export const c = 1;\n");
    files.write(`${top}/.env`, "KEY=1\n");
    files.write(`${top}/node_modules/x/index.js`, "x\n");
    files.write(`${top}/node_modules/y/index.js`, "y\n");
    files.link(`${top}/link`);
    files.write("memfs://host/other/secret.ts", "not in the workspace\n");
    files.write("memfs://elsewhere/app/secret.ts", "not in the workspace\n");
    const engine = await start([top], files);
    const plan = await engine.request(Plan, {});
    assert.deepEqual(included(plan), [".gitignore", "src/a ü#b.ts", "src/deep/b.ts", "utf16.txt"]);
    assert.deepEqual(reasons(plan), {
      ".env": "secret: environment file",
      "a.log": "ignored by .gitignore",
      "hidden/": "excluded in the settings",
      link: "link",
      "node_modules/": "installed dependencies",
    });
    assert.equal(plan.leftOut.files, 6);
    assert.ok(files.reads.every((file) => file.startsWith("/app/")));
    const once = files.reads.filter((file) => file.endsWith(".ts")).sort();
    assert.deepEqual(once, ["/app/src/a ü#b.ts", "/app/src/deep/b.ts"]);
    files.reads.length = 0;
    files.write(`${top}/src/deep/b.ts`, "export const changed = 1;\n", Date.now() - 60_000);
    files.remove(`${top}/utf16.txt`);
    assert.deepEqual(included(await engine.request(Plan, {})), [".gitignore", "src/a ü#b.ts", "src/deep/b.ts"]);
    assert.deepEqual(
      files.reads.filter((file) => file.endsWith(".ts")),
      ["/app/src/deep/b.ts"],
    );
  });

  it("stand beside folders on disk, one inside another, with the same names", async () => {
    const disk = path.join(scratch, "app");
    mkdirSync(disk);
    writeFileSync(path.join(disk, "same.ts"), "export const disk = 1;\n");
    const files = new MemoryFiles(["memfs:/app", "memfs:/app/inner", "zip:/app"]);
    files.write("memfs:/app/same.ts", "export const memory = 1;\n");
    files.write("memfs:/app/inner/same.ts", "export const inner = 1;\n");
    files.write("zip:/app/same.ts", "export const packed = 1;\n");
    const engine = await start([pathToFileURL(disk).href, "memfs:/app/", "memfs:/app/inner", "zip:/app"], files);
    const plan = await engine.request(Plan, {});
    assert.deepEqual(included(plan), ["app-2/same.ts", "app-3/same.ts", "app/same.ts", "inner/same.ts"]);
    assert.deepEqual(plan.files.map((file) => file.uri.replace(/^file:.*/, "on disk")).sort(), [
      "memfs:/app/inner/same.ts",
      "memfs:/app/same.ts",
      "on disk",
      "zip:/app/same.ts",
    ]);
  });

  it("are read for an answer, and open documents stand in for their files", async function () {
    const model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    const files = new MemoryFiles(["memfs:/app"]);
    files.write("memfs:/app/limits.ts", "export const retryLimit = 7;\n");
    files.write("memfs:/app/open.ts", "export const saved = 1;\n");
    const engine = await start(["memfs:/app"], files, model);
    await engine.notify("textDocument/didOpen", {
      textDocument: {
        uri: "memfs:/app/open.ts",
        languageId: "typescript",
        version: 1,
        text: "const unsaved = 12345;\n",
      },
    });
    const { tokens } = await engine.request(Read, { rebuild: false });
    assert.ok(tokens > 0);
    const answer = await engine.request(Ask, { askId: "1", question: "What is the retry limit?", keep: false });
    assert.equal(answer.context.files, 2);
    assert.deepEqual(readdirSync(scratch), ["data"]);
  });

  it("are named when one cannot be read", async () => {
    const files = new MemoryFiles(["memfs:/app"]);
    files.write("memfs:/app/a.ts", "a\n");
    files.write("memfs:/app/b.ts", "b\n");
    files.beforeRead = (uri) => {
      if (uri.endsWith("b.ts")) throw new Error("EACCES");
    };
    const plan = await (await start(["memfs:/app"], files)).request(Plan, {});
    assert.deepEqual(reasons(plan), { "b.ts": "cannot be read (EACCES)" });
  });

  it("are refused with a way out when they are gone, not the client's, or nobody serves them", async () => {
    const codeOf = async (engine: EngineProcess): Promise<string> =>
      engine.request(Plan, {}).then(
        () => "none",
        (error: unknown) => errorValueOf(error).code,
      );
    const files = new MemoryFiles(["memfs:/app"]);
    files.write("memfs:/other/a.ts", "a\n");
    assert.equal(await codeOf(await start(["memfs:/app"], files)), "LS-101");
    assert.equal(await codeOf(await start(["memfs:/other"], files)), "LS-104");
    assert.equal(await codeOf(await start(["memfs:/app"], null)), "LS-107");
  });
});
