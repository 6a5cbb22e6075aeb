import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CancellationTokenSource } from "vscode-languageserver-protocol/node";
import {
  Ask,
  CutConversation,
  DeleteConversation,
  ExportConversation,
  GetConversation,
  GetTrace,
  ListConversations,
  RenameConversation,
} from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { EngineProcess, errorValueOf } from "./engineProcess";

describe("conversations of an engine process", function () {
  this.timeout(180_000);
  let model: string;
  let scratch: string;
  const engines: EngineProcess[] = [];

  before(function () {
    model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
  });
  beforeEach(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-protocol-"));
    mkdirSync(path.join(scratch, "harbour"));
    writeFileSync(
      path.join(scratch, "harbour/berth.ts"),
      "/** A place for a ship. */\nexport class Berth {\n  constructor(readonly metres: number) {}\n}\n",
    );
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.kill();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function start(): Promise<EngineProcess> {
    const engine = new EngineProcess({
      folder: path.join(scratch, "harbour"),
      dataDir: path.join(scratch, "data"),
      settings: { model, maxAnswerTokens: 12, threads: 2 },
    });
    engines.push(engine);
    await engine.initialize();
    return engine;
  }

  it("are kept with their traces, found again by the next engine, renamed, cut, exported and deleted", async () => {
    const first = await start();
    const question = "What is a berth?";
    const asked = await first.request(Ask, { askId: "a", question });
    const id = asked.conversation?.id ?? "";
    assert.equal(asked.conversation?.turn, 0);
    const more = await first.request(Ask, { askId: "b", question: "How long is it?", conversation: id });
    assert.deepEqual(more.conversation, { id, turn: 1 });
    assert.equal((await first.request(Ask, { askId: "c", question, keep: false })).conversation, null);
    await first.stop();

    const next = await start();
    const [entry, another] = await next.request(ListConversations, { query: "BERTH" });
    assert.deepEqual([entry?.id, entry?.title, entry?.turns, another], [id, question, 2, undefined]);
    const { turns } = await next.request(GetConversation, { id });
    assert.deepEqual(turns[0]?.answer, asked);
    assert.equal((await next.request(GetTrace, { id: more.trace })).question, "How long is it?");
    assert.equal((await next.request(RenameConversation, { id, title: "Berths" })).title, "Berths");
    assert.match((await next.request(ExportConversation, { id })).markdown, /^# Berths\n\n## Question 1\n/);
    assert.equal((await next.request(CutConversation, { id, turns: 1 })).turns, 1);
    await assert.rejects(next.request(GetTrace, { id: more.trace }), (error) => errorValueOf(error).code === "LS-404");
    assert.deepEqual(await next.request(DeleteConversation, {}), { deleted: 1 });
    assert.ok(!existsSync(path.join(scratch, "data/traces", `${asked.trace}.trace`)));
    assert.deepEqual(await next.request(ListConversations, {}), []);
    await assert.rejects(
      next.request(Ask, { askId: "d", question, conversation: id }),
      (error) => errorValueOf(error).code === "LS-408",
    );
  });

  it("put earlier turns before the next question, and say how many had no room", async () => {
    const engine = await start();
    const question = "What is a berth?";
    const alone = await engine.request(Ask, { askId: "a", question });
    const id = alone.conversation?.id ?? "";
    const second = await engine.request(Ask, { askId: "b", question, conversation: id });
    const added = second.timings.prefilledTokens - (alone.timings.prefilledTokens - alone.context.tokens);
    const { generatedTokens } = alone.timings;
    assert.ok(added > generatedTokens, `${added} tokens more, ${generatedTokens} of them the answer before`);
    assert.equal(second.droppedTurns, undefined);
    const long = `${"ship ".repeat(2100)}?`; // two of them have no room together
    await engine.request(Ask, { askId: "c", question: long, conversation: id });
    const last = await engine.request(Ask, { askId: "d", question: long, conversation: id });
    assert.equal(last.droppedTurns, 3);
  });

  it("keep what failed and what was cancelled", async () => {
    const text = Array.from({ length: 200 }, (_, i) => `export const value${i} = ${i} * ${i % 7};\n`).join("");
    writeFileSync(path.join(scratch, "harbour/large.ts"), text);
    const engine = await start();
    const source = new CancellationTokenSource();
    const asking = engine.connection.sendRequest(Ask.method, { askId: "a", question: "Why?" }, source.token);
    while ((engine.statuses.at(-1)?.context?.readTokens ?? 0) === 0) await sleep(20);
    source.cancel();
    await assert.rejects(asking, (error) => errorValueOf(error).code === "LS-900");
    const [entry] = await engine.request(ListConversations, {});
    const { turns } = await engine.request(GetConversation, { id: entry?.id ?? "" });
    assert.deepEqual([turns.length, turns[0]?.question, turns[0]?.answer], [1, "Why?", null]);
    assert.equal(turns[0]?.error?.code, "LS-900");
  });
});
