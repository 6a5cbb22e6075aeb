import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { CancellationTokenSource, WorkDoneProgress } from "vscode-languageserver-protocol/node";
import {
  Ask,
  ClearCaches,
  FindMentions,
  GetFileTrace,
  GetSymbols,
  GetTrace,
  ListModels,
  Plan,
  Read,
  SuggestQuestions,
  USER_ERROR_CODE,
} from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { type EngineOptions, EngineProcess, errorValueOf } from "./engineProcess";

describe("engine process", function () {
  this.timeout(180_000);
  let model: string;
  let scratch: string;
  let folder: string;
  const engines: EngineProcess[] = [];

  before(function () {
    model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
  });
  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-protocol-"));
    folder = path.join(scratch, "harbour");
    writeWorkspace(folder);
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function start(options: Partial<EngineOptions> = {}): Promise<EngineProcess> {
    const engine = launch(options);
    await engine.initialize();
    return engine;
  }

  function launch(options: Partial<EngineOptions> = {}): EngineProcess {
    const settings = { model, maxAnswerTokens: 12, threads: 2, ...options.settings };
    const engine = new EngineProcess({ folder, dataDir: path.join(scratch, "data"), ...options, settings });
    engines.push(engine);
    return engine;
  }

  const uriOf = (name: string): string => pathToFileURL(path.join(folder, name)).href;

  it("answers with deltas, then reads nothing but the question, in this process and in the next", async () => {
    const engine = await start();
    const plan = await engine.request(Plan, {});
    assert.ok(plan.files.some((file) => file.path === "berth.ts" && file.included && !file.estimated));
    const first = await engine.request(Ask, { askId: "a", question: "What is a berth?" });
    assert.equal(
      engine.deltas
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
      first.text,
    );
    assert.ok(engine.deltas.every(({ askId }) => askId === "a"));
    assert.ok(first.context.tokens > plan.included.tokens);
    assert.equal(first.timings.reusedTokens, 0);
    assert.ok(first.timings.generatedTokens > 0 && first.timings.generatedTokens <= 12);
    assert.deepEqual(engine.statuses.at(-1)?.state, "ready");

    const second = await engine.request(Ask, { askId: "b", question: "What is a berth?" });
    assert.equal(second.timings.reusedTokens, first.context.tokens);
    assert.equal(second.timings.prefilledTokens, first.timings.prefilledTokens - first.context.tokens);
    assert.equal(second.text, first.text);
    assert.equal(await engine.stop(), 0);

    const next = await start();
    const third = await next.request(Ask, { askId: "c", question: "What is a berth?" });
    assert.equal(third.timings.reusedTokens, first.context.tokens);
    assert.equal(third.timings.prefilledTokens, second.timings.prefilledTokens);
    assert.equal(third.text, first.text);
    assert.equal(await next.stop(), 0);
  });

  it("serves the trace of an answer, also after a restart", async () => {
    const engine = await start();
    const { trace } = await engine.request(Ask, { askId: "a", question: "What is a berth?" });
    await engine.stop();
    const next = await start();
    const summary = await next.request(GetTrace, { id: trace });
    assert.equal(summary.question, "What is a berth?");
    assert.deepEqual(summary.files.map((file) => file.path).sort(), ["berth.ts", "tide.ts"]);
    const file = await next.request(GetFileTrace, { id: trace, path: "tide.ts", lines: [1, 3] });
    assert.equal(file.lines[0]?.text, "/** Height of the tide. */");
    await assert.rejects(next.request(GetTrace, { id: "../../etc" }), (error) => errorValueOf(error).code === "LS-404");
  });

  it("answers questions about names without the model: symbols, mentions, suggested questions", async () => {
    const engine = await start({ settings: { model: "no-such-model" } });
    const symbols = await engine.request(GetSymbols, { uri: uriOf("tide.ts") });
    assert.ok(symbols.length > 0 && symbols.every(({ startLine, endLine }) => startLine >= 1 && endLine >= startLine));
    const found = await engine.request(FindMentions, { text: symbols[0]!.name, limit: 5 });
    assert.ok(found.some(({ kind, mention }) => kind === "symbol" && mention.uri === uriOf("tide.ts")));
    assert.ok((await engine.request(FindMentions, { text: "berth.ts", limit: 5 })).some(({ kind }) => kind === "file"));
    assert.ok((await engine.request(SuggestQuestions, {})).length > 0);
  });

  it("sees unsaved text, and edits on disk that nobody reported", async () => {
    const engine = await start();
    const tokensOf = async (name: string): Promise<number | undefined> =>
      (await engine.request(Plan, {})).files.find((file) => file.path === name)?.tokens;
    const before = (await tokensOf("tide.ts")) ?? 0;
    const textDocument = { uri: uriOf("tide.ts"), languageId: "typescript", version: 1, text: "one\n" };
    await engine.notify("textDocument/didOpen", { textDocument });
    const opened = (await tokensOf("tide.ts")) ?? 0;
    assert.ok(opened < before, `${opened} tokens of the buffer, ${before} on disk`);
    await engine.notify("textDocument/didChange", {
      textDocument: { uri: textDocument.uri, version: 2 },
      contentChanges: [{ text: "const long = [1, 2, 3, 4, 5, 6, 7, 8, 9];\n".repeat(40) }],
    });
    assert.ok(((await tokensOf("tide.ts")) ?? 0) > before);
    await engine.notify("textDocument/didClose", { textDocument: { uri: textDocument.uri } });
    assert.equal(await tokensOf("tide.ts"), before);
    writeFileSync(path.join(folder, "new.ts"), "export const added = true;\n");
    assert.ok((await tokensOf("new.ts")) !== undefined);
  });

  it("stops within a step when cancelled, and goes on from there", async () => {
    writeLarge(folder);
    const engine = await start();
    const source = new CancellationTokenSource();
    const reading = engine.connection.sendRequest(Read.method, { rebuild: false }, source.token);
    const isPrefilling = (): boolean => (engine.statuses.at(-1)?.context?.readTokens ?? 0) > 0;
    while (!isPrefilling()) await sleep(20);
    source.cancel();
    await assert.rejects(reading, (error) => errorValueOf(error).code === "LS-900");
    const rest = await engine.request(Read, { rebuild: false });
    assert.ok(rest.reused > 0 && rest.prefilled > 0, `${rest.reused} reused, ${rest.prefilled} prefilled`);
    assert.equal(rest.reused + rest.prefilled, rest.tokens);
  });

  it("reports progress to the token of the client", async () => {
    const engine = await start();
    const kinds: string[] = [];
    engine.connection.onProgress(WorkDoneProgress.type, "t", ({ kind }) => {
      kinds.push(kind);
    });
    await engine.connection.sendRequest(Read.method, { rebuild: false, workDoneToken: "t" });
    assert.equal(kinds[0], "begin");
    assert.equal(kinds.at(-1), "end");
    assert.ok(kinds.includes("report"));
  });

  it("survives being killed while it reads: the next start works", async () => {
    writeLarge(folder);
    const engine = await start();
    const reading = engine.request(Read, { rebuild: false });
    reading.catch(() => undefined);
    while ((engine.statuses.at(-1)?.context?.readTokens ?? 0) === 0) await sleep(20);
    await engine.kill();
    const next = await start({ settings: { budget: 700 } });
    const { tokens, reused, prefilled } = await next.request(Read, { rebuild: false });
    assert.equal(reused + prefilled, tokens);
  });

  it("ends when its input closes, and when its parent is gone", async () => {
    const engine = await start();
    const reading = engine.request(Read, { rebuild: false });
    reading.catch(() => undefined);
    engine.child.stdin?.end();
    assert.notEqual(await engine.exited, null);

    const parent = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
    const orphan = await start({ processId: parent.pid ?? 0 });
    parent.kill("SIGKILL");
    await once(parent, "exit");
    assert.equal(await orphan.exited, 1);
  });

  it("takes new settings and folders", async () => {
    const engine = await start();
    const whole = await engine.request(Plan, {});
    await engine.notify("workspace/didChangeConfiguration", { settings: { ...engine.settings, exclude: ["tide.ts"] } });
    const fewer = await engine.request(Plan, {});
    assert.equal(fewer.included.files, whole.included.files - 1);
    const other = path.join(scratch, "dock");
    mkdirSync(other);
    writeFileSync(path.join(other, "crane.ts"), "export const crane = 1;\n");
    const event = { added: [{ uri: pathToFileURL(other).href, name: "dock" }], removed: [] };
    await engine.notify("workspace/didChangeWorkspaceFolders", { event });
    const more = await engine.request(Plan, {});
    assert.ok(
      more.files.some((file) => file.path === "dock/crane.ts"),
      more.files.map((file) => file.path).join(),
    );
  });

  it("clears its caches and works on", async () => {
    const engine = await start();
    const { snapshotBytes } = await engine.request(Read, { rebuild: false });
    const { freedBytes } = await engine.request(ClearCaches, {});
    assert.ok(freedBytes >= snapshotBytes && snapshotBytes > 0);
    assert.deepEqual(readdirSync(path.join(scratch, "data", "snapshots")), []);
    assert.equal((await engine.request(Read, { rebuild: false })).reused, 0);
  });

  describe("errors", () => {
    async function failure(call: Promise<unknown>): Promise<{ code: string; message: string }> {
      const error: unknown = await call.then(
        () => assert.fail("it did not fail"),
        (reason: unknown) => reason,
      );
      assert.equal((error as { code: number }).code, USER_ERROR_CODE);
      const value = errorValueOf(error);
      assert.ok(value.wayOut.length > 10, value.wayOut);
      return value;
    }

    it("names the setting that is wrong", async () => {
      const engine = launch();
      await assert.rejects(engine.initialize({ ...engine.settings, threads: "all" }), /threads.*LS-601/);
    });

    it("names the parameter that is wrong", async () => {
      const engine = await start();
      const wrong = engine.connection.sendRequest(Read.method, { rebuild: "yes" });
      assert.match((await failure(wrong)).message, /longsight\/read\.rebuild/);
    });

    it("says that the question is empty, and answers the next one", async () => {
      const engine = await start();
      assert.equal((await failure(engine.request(Ask, { askId: "a", question: " \n" }))).code, "LS-403");
      assert.ok((await engine.request(Ask, { askId: "b", question: "Is it?" })).timings.generatedTokens > 0);
    });

    it("says that the question is too long", async () => {
      const engine = await start();
      const question = "why ".repeat(20_000);
      assert.equal((await failure(engine.request(Ask, { askId: "a", question }))).code, "LS-402");
    });

    it("says that the folder has nothing to read", async () => {
      const empty = path.join(scratch, "empty");
      mkdirSync(empty);
      const engine = await start({ folder: empty });
      assert.equal((await failure(engine.request(Plan, {}))).code, "LS-103");
      assert.equal(engine.statuses.at(-1)?.error?.code, "LS-103");
    });

    it("says that the folder is missing", async () => {
      const engine = await start({ folder: path.join(scratch, "nowhere") });
      const { code, message } = await failure(engine.request(Plan, {}));
      assert.equal(code, "LS-101");
      assert.match(message, /nowhere/);
    });

    const badModels: readonly [string, string, string][] = [
      ["is missing", "nowhere.gguf", "LS-301"],
      ["is not on this machine", "qwen3-coder-30b-a3b-instruct", "LS-302"],
      ["is no GGUF", "text.gguf", "LS-303"],
      ["is cut off", "cut.gguf", "LS-303"],
    ];
    for (const [name, file, code] of badModels) {
      it(`says that the model ${name}`, async () => {
        writeFileSync(path.join(scratch, "text.gguf"), "not a model");
        writeFileSync(path.join(scratch, "cut.gguf"), "GGUF\u0003\0\0\0");
        const choice = file.endsWith(".gguf") ? path.join(scratch, file) : file;
        const engine = await start({ settings: { model: choice } });
        assert.equal((await failure(engine.request(Read, { rebuild: false }))).code, code);
        assert.ok((await engine.request(ListModels, {})).length > 3);
      });
    }

    it("says that there is no memory for the budget, before it is taken", async () => {
      const engine = await start({ settings: { budget: 2 ** 30 } });
      const { code, message } = await failure(engine.request(Read, { rebuild: false }));
      assert.equal(code, "LS-201");
      assert.match(message, /1073\d* tokens of context.*GB needed.*GB free/);
      assert.equal(engine.statuses.at(-1)?.state, "failed");
    });

    it("says that the budget is too small", async () => {
      const engine = await start({ settings: { budget: 50 } });
      assert.equal((await failure(engine.request(Plan, {}))).code, "LS-401");
    });

    it("does not know foreign methods", async () => {
      const engine = await start();
      await assert.rejects(engine.connection.sendRequest("longsight/nothing"), /Unhandled method/);
    });
  });
});

function writeWorkspace(folder: string): void {
  mkdirSync(folder);
  writeFileSync(
    path.join(folder, "berth.ts"),
    "/** A place for a ship. */\nexport class Berth {\n  constructor(readonly metres: number) {}\n}\n",
  );
  writeFileSync(
    path.join(folder, "tide.ts"),
    "/** Height of the tide. */\nexport function tide(hour: number): number {\n  return Math.sin(hour / 2);\n}\n",
  );
}

/** Enough text for a few seconds of reading. */
function writeLarge(folder: string, lines = 200): void {
  const text = Array.from({ length: lines }, (_, i) => `export const value${i} = ${i} * ${i % 7} + ${i % 13};\n`);
  writeFileSync(path.join(folder, "large.ts"), text.join(""));
}
