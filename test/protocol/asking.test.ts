import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { defaultSettings } from "../../src/shared/defaults";
import { Ask, type AskParams, GetTrace } from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { EngineProcess, errorValueOf } from "./engineProcess";

describe("asking an engine process", function () {
  this.timeout(180_000);
  let model: string;
  let scratch: string;
  let folder: string;
  let engine: EngineProcess | null = null;

  before(function () {
    model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
  });
  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-protocol-"));
    folder = path.join(scratch, "harbour");
    mkdirSync(folder);
    for (const name of ["berth", "crane", "dock", "ship"]) {
      const lines = Array.from({ length: 12 }, (_, index) => `export const ${name}${index} = ${index * 7};`);
      writeFileSync(path.join(folder, `${name}.ts`), `${lines.join("\n")}\n`);
    }
  });
  afterEach(async () => {
    await engine?.kill();
    engine = null;
    rmSync(scratch, { recursive: true, force: true });
  });

  async function start(focus: boolean, local: number): Promise<EngineProcess> {
    const esa = { ...defaultSettings.esa, initial: 16, local, top: 48 };
    const settings = { model, maxAnswerTokens: 8, threads: 2, focus, esa };
    engine = new EngineProcess({ folder, dataDir: path.join(scratch, "data"), settings });
    await engine.initialize();
    return engine;
  }

  const ask = (params: Partial<AskParams> = {}): AskParams => ({
    askId: "a",
    question: "Where is `dock7` defined?",
    keep: false,
    ...params,
  });

  it("reads what the question selected again, and leaves the context as it was", async () => {
    const client = await start(true, 64);
    const first = await client.request(Ask, ask());
    const focus = first.focus ?? [];
    assert.ok(focus.length > 0);
    for (const { uri, startLine, endLine } of focus) {
      assert.ok(uri.startsWith(pathToFileURL(folder).href), uri);
      assert.ok(startLine >= 1 && startLine <= endLine && endLine <= 12, `${startLine}-${endLine}`);
    }
    const question = first.timings.prefilledTokens - first.context.tokens;
    assert.ok(question > 100, `${question} tokens of question and excerpts`);
    const trace = await client.request(GetTrace, { id: first.trace, phase: "question" });
    assert.ok(trace.selections > 0);
    const again = await client.request(Ask, ask());
    assert.deepEqual(again.focus, focus);
    assert.equal(again.text, first.text);
    assert.deepEqual([again.timings.reusedTokens, again.timings.prefilledTokens], [first.context.tokens, question]);
  });

  it("has nothing to read again where all is in sight", async () => {
    const client = await start(true, 4096);
    assert.equal((await client.request(Ask, ask())).focus, undefined);
  });

  it("takes mentions of the context, the text of others, and says which it cannot read", async () => {
    const client = await start(false, 64);
    const mention = (file: string) => ({ uri: pathToFileURL(file).href, label: `@${path.basename(file)}` });
    const prefilled = async (params: Partial<AskParams>): Promise<number> =>
      (await client.request(Ask, ask(params))).timings.prefilledTokens;
    await client.request(Ask, ask());
    const plain = await prefilled({});
    const inside = await prefilled({ mentions: [{ ...mention(path.join(folder, "dock.ts")), startLine: 8 }] });
    assert.ok(inside > plain && inside < plain + 30, `${inside} with a mention, ${plain} without`);
    const notes = path.join(scratch, "notes.txt");
    writeFileSync(notes, "The tide is high at noon.\n".repeat(20));
    const outside = await prefilled({ mentions: [mention(notes)] });
    assert.ok(outside > plain + 100, `${outside} with the text of another file`);
    await assert.rejects(prefilled({ mentions: [mention(path.join(scratch, "none.txt"))] }), (error) => {
      const { code, message } = errorValueOf(error);
      return code === "LS-410" && message.includes("@none.txt");
    });
    assert.notEqual(await prefilled({ form: "why" }), plain);
  });
});
