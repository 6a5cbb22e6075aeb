import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Ask, type AnswerResult, ClearCaches, Plan, type PlannedFile, Read } from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { EngineProcess } from "./engineProcess";

describe("reading by file: what a change costs", function () {
  this.timeout(400_000);
  let model: string;
  let scratch: string;
  let folder: string;
  let engine: EngineProcess;
  const engines: EngineProcess[] = [];

  before(function () {
    model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
  });
  beforeEach(async () => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-files-"));
    folder = path.join(scratch, "harbour");
    mkdirSync(folder);
    write("README.md", "# Harbour\n\nShips, berths and tides.\n");
    for (const name of ["berth", "crane", "tide"]) write(`${name}.ts`, textOf(name));
    engine = await start();
  });
  afterEach(async () => {
    for (const running of engines.splice(0)) await running.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  const textOf = (name: string, lines = 6): string =>
    Array.from({ length: lines }, (_, i) => `export const ${name}${i} = ${i * 7};\n`).join("");

  const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text);

  async function start(root = folder): Promise<EngineProcess> {
    const settings = { model, reading: "perFile", backgroundReading: "never", maxAnswerTokens: 8, threads: 2 } as const;
    const started = new EngineProcess({ folder: root, dataDir: path.join(scratch, "data"), settings });
    engines.push(started);
    await started.initialize();
    return started;
  }

  const ask = (from = engine): Promise<AnswerResult> => from.request(Ask, { askId: "a", question: "What is a berth?" });

  /** Tokens that an answer had to read besides its question; the question's are known from an answer that read no more. */
  async function readFor(questionTokens: number, from = engine): Promise<number> {
    return (await ask(from)).timings.prefilledTokens - questionTokens;
  }

  /** Reads everything. @returns tokens of the question */
  async function settle(): Promise<number> {
    await ask();
    const { timings, context } = await ask();
    assert.equal(timings.reusedTokens, context.tokens);
    return timings.prefilledTokens;
  }

  async function planned(name: string): Promise<PlannedFile> {
    const file = (await engine.request(Plan, {})).files.find(({ path: own }) => own === name);
    assert.ok(file, name);
    return file;
  }

  /** Tokens of frame and map. */
  async function fixedTokens(): Promise<number> {
    const { used, included } = await engine.request(Plan, {});
    return used - included.tokens;
  }

  it("an edit costs its file, saved or not, and taking it back costs nothing", async () => {
    const question = await settle();
    write("crane.ts", textOf("crane", 7));
    assert.equal(await readFor(question), (await planned("crane.ts")).tokens);
    const textDocument = {
      uri: pathToFileURL(path.join(folder, "tide.ts")).href,
      languageId: "typescript",
      version: 1,
    };
    await engine.notify("textDocument/didOpen", { textDocument: { ...textDocument, text: textOf("tide", 9) } });
    assert.equal(await readFor(question), (await planned("tide.ts")).tokens);
    await engine.notify("textDocument/didClose", { textDocument });
    write("crane.ts", textOf("crane"));
    assert.equal(await readFor(question), 0);
  });

  it("an edit at the start of the context costs its file too", async () => {
    const question = await settle();
    write("README.md", "# Harbour\n\nShips and cranes.\n");
    assert.equal(await readFor(question), (await planned("README.md")).tokens);
  });

  it("a new file costs itself and the map, a deleted one the map, a renamed one itself and the map", async () => {
    const question = await settle();
    write("dock.ts", textOf("dock"));
    const map = (await readFor(question)) - (await planned("dock.ts")).tokens;
    const frame = (await fixedTokens()) - map;
    assert.ok(map > 0 && frame > 0, `${map} tokens of the map, ${frame} of the frame`);
    const mapNow = async (): Promise<number> => (await fixedTokens()) - frame;
    renameSync(path.join(folder, "dock.ts"), path.join(folder, "pier.ts"));
    assert.equal(await readFor(question), (await planned("pier.ts")).tokens + (await mapNow()));
    unlinkSync(path.join(folder, "pier.ts"));
    assert.equal(await readFor(question), 0);
    unlinkSync(path.join(folder, "tide.ts"));
    assert.equal(await readFor(question), await mapNow());
  });

  it("switching a branch costs the files that differ, switching back nothing", async () => {
    const question = await settle();
    const first = await ask();
    write("crane.ts", textOf("crane", 8));
    write("tide.ts", textOf("tide", 8));
    const changed = (await planned("crane.ts")).tokens + (await planned("tide.ts")).tokens;
    assert.equal(await readFor(question), changed);
    write("crane.ts", textOf("crane"));
    write("tide.ts", textOf("tide"));
    const back = await ask();
    assert.equal(back.timings.prefilledTokens, question);
    assert.equal(back.text, first.text);
  });

  it("a second checkout, in another window and after a restart, reads nothing", async () => {
    const question = await settle();
    const first = await ask();
    const other = path.join(scratch, "other", "harbour");
    mkdirSync(path.dirname(other));
    cpSync(folder, other, { recursive: true, preserveTimestamps: true });
    const window = await start(other);
    const second = await ask(window);
    assert.equal(second.timings.prefilledTokens, question);
    assert.equal(second.text, first.text);
    await window.stop();
    await engine.stop();
    engine = await start();
    const third = await ask();
    assert.equal(third.timings.prefilledTokens, question);
    assert.equal(third.text, first.text);
  });

  it("clears its segments, and says what it cannot keep once", async () => {
    await settle();
    const segments = path.join(scratch, "data", "segments");
    assert.equal(readdirSync(segments).length, 6);
    const { freedBytes } = await engine.request(ClearCaches, {});
    assert.ok(freedBytes > 0);
    assert.deepEqual(readdirSync(segments), []);
    const shown: string[] = [];
    engine.connection.onNotification("window/showMessage", ({ message }: { message: string }) => {
      shown.push(message);
    });
    rmSync(segments, { recursive: true });
    writeFileSync(segments, "a file is in the way");
    const { prefilled, snapshotBytes } = await engine.request(Read, { rebuild: false });
    assert.ok(prefilled > 0);
    assert.equal(snapshotBytes, 0);
    await ask();
    assert.equal(shown.length, 1);
    assert.match(shown[0] ?? "", /cannot be kept in .*segments/);
  });
});
