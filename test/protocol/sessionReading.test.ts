import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Ask, GetTrace, Pause, Read, type Reading } from "../../src/shared/protocol";
import { requireEnv, skip } from "../helpers/skip";
import { until as untilIn } from "../helpers/until";
import { type EngineOptions, EngineProcess } from "./engineProcess";

const FILES = 8;

/** Machines that run many tests at once are slow. */
const until = <T>(what: string, probe: () => T): Promise<NonNullable<T>> => untilIn(what, probe, 120_000);

/** Hundredths of a second that a process has computed. */
function processorTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

for (const reading of ["contextual", "perFile"] as readonly Reading[]) {
  describe(`reading while questions come: ${reading}`, function () {
    this.timeout(400_000);
    let model: string;
    let scratch: string;
    let folder: string;
    const engines: EngineProcess[] = [];

    before(function () {
      model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    });
    beforeEach(() => {
      scratch = mkdtempSync(path.join(tmpdir(), "longsight-reading-"));
      folder = path.join(scratch, "harbour");
      mkdirSync(folder);
      for (let file = 0; file < FILES; file++) writeText(file);
    });
    afterEach(async () => {
      for (const engine of engines.splice(0)) await engine.kill();
      rmSync(scratch, { recursive: true, force: true });
    });

    const uriOf = (file: number): string => pathToFileURL(path.join(folder, `dock${file}.ts`)).href;

    function textOf(file: number, lines = 14): string {
      return Array.from({ length: lines }, (_, i) => `export const berth${file}_${i} = ${i * 7 + file};\n`).join("");
    }

    function writeText(file: number, text = textOf(file)): void {
      writeFileSync(path.join(folder, `dock${file}.ts`), text);
    }

    async function start(settings: EngineOptions["settings"] = {}): Promise<EngineProcess> {
      const engine = new EngineProcess({
        folder,
        dataDir: path.join(scratch, "data"),
        settings: { model, reading, maxAnswerTokens: 8, threads: 2, ...settings },
      });
      engines.push(engine);
      await engine.initialize();
      return engine;
    }

    const readTokens = (engine: EngineProcess): number => engine.statuses.at(-1)?.context?.readTokens ?? 0;
    const isReady = (engine: EngineProcess): boolean => {
      const status = engine.statuses.at(-1);
      return status?.state === "ready" && status.context?.readTokens === status.context?.tokens;
    };
    const hasRead = (engine: EngineProcess, share: number): Promise<unknown> =>
      until(`a share of ${share} is read`, () => {
        const context = engine.statuses.at(-1)?.context;
        return context !== null && context !== undefined && context.readTokens >= context.tokens * share;
      });

    it("answers from what has been read, and reads on afterwards", async () => {
      const engine = await start({ backgroundReading: "never" });
      const read = engine.request(Read, { rebuild: false });
      await hasRead(engine, 0.4);
      const answer = await engine.request(Ask, { askId: "a", question: "What is dock 1?" });
      const { files, tokens, plannedFiles, plannedTokens } = answer.context;
      assert.equal(plannedFiles, FILES);
      assert.ok(files < FILES && files > 0, `${files} files`);
      assert.ok(tokens < (plannedTokens ?? 0));
      const { files: traced } = await engine.request(GetTrace, { id: answer.trace });
      assert.equal(traced.length, files);
      const result = await read;
      assert.equal(result.tokens, plannedTokens);
      assert.ok(isReady(engine) || (await until("it is ready", () => isReady(engine))));
      const next = await engine.request(Ask, { askId: "b", question: "What is dock 1?" });
      assert.equal(next.context.files, FILES);
      assert.equal(next.timings.reusedTokens, plannedTokens);
    });

    it("reads the file that the question names first", async () => {
      const engine = await start({ backgroundReading: "never" });
      const read = engine.request(Read, { rebuild: false });
      await hasRead(engine, 0.3);
      const last = FILES - 1;
      const mentions = [{ uri: uriOf(last), label: `@dock${last}.ts` }];
      const answer = await engine.request(Ask, { askId: "a", question: "What is in it?", mentions });
      assert.ok(answer.context.files < FILES);
      const { files } = await engine.request(GetTrace, { id: answer.trace });
      assert.ok(files.some((file) => file.path === `dock${last}.ts`));
      await read;
    });

    it("reads everything before the first question when nothing has been read", async () => {
      const engine = await start({ backgroundReading: "never" });
      const { context } = await engine.request(Ask, { askId: "a", question: "What is dock 1?" });
      assert.deepEqual([context.files, context.tokens], [context.plannedFiles, context.plannedTokens]);
    });

    it("reads in the background what changed, and what was read before the restart", async () => {
      const engine = await start({ backgroundReading: "always" });
      await until("all is read", () => isReady(engine));
      const before = readTokens(engine);
      const textDocument = { uri: uriOf(2), languageId: "typescript", version: 1, text: textOf(2, 20) };
      await engine.notify("textDocument/didOpen", { textDocument });
      await until("the unsaved text is read", () => isReady(engine) && readTokens(engine) > before);
      const answer = await engine.request(Ask, { askId: "a", question: "What is dock 2?" });
      assert.equal(answer.timings.reusedTokens, readTokens(engine));
      await engine.stop();
      const next = await start({ backgroundReading: "onMains" });
      await until("it has come back", () => isReady(next));
      assert.equal(readTokens(next), before);
    });

    it("reads nothing unasked that it never read, and nothing at all when told so", async () => {
      const engine = await start({ backgroundReading: "onMains" });
      writeText(0, textOf(0, 20));
      const changes = [{ uri: uriOf(0), type: 2 }];
      await engine.notify("workspace/didChangeWatchedFiles", { changes });
      await engine.request(Ask, { askId: "a", question: "What is dock 1?" });
      await engine.stop();
      const next = await start({ backgroundReading: "never" });
      await next.notify("workspace/didChangeWatchedFiles", { changes });
      await sleep(4000);
      assert.deepEqual(next.statuses, []);
    });

    it("uses no processor time when there is nothing to do", async function () {
      if (process.platform !== "linux") skip(this, "processor time is looked up in /proc");
      const engine = await start({ backgroundReading: "always" });
      await until("all is read", () => isReady(engine));
      await engine.request(Ask, { askId: "a", question: "What is dock 2?" });
      await sleep(1500);
      const before = processorTicks(engine.child.pid ?? 0);
      await sleep(3000);
      const ticks = processorTicks(engine.child.pid ?? 0) - before;
      assert.ok(ticks <= 15, `${ticks} of 300 ticks`);
    });

    it("holds the background back while it is paused, not what is asked for", async () => {
      const engine = await start({ backgroundReading: "always" });
      await hasRead(engine, 0.1);
      await engine.request(Pause, { paused: true });
      await until("it has stopped", () => engine.statuses.at(-1)?.state === "ready");
      const held = readTokens(engine);
      assert.equal(engine.statuses.at(-1)?.paused, true);
      await sleep(3000);
      assert.equal(readTokens(engine), held);
      const { context } = await engine.request(Ask, { askId: "a", question: "What is dock 1?" });
      assert.deepEqual([context.files, context.tokens], [FILES, context.plannedTokens]);
      await engine.request(Pause, { paused: false });
      await until("it is no longer paused", () => engine.statuses.at(-1)?.paused === false);
    });
  });
}
