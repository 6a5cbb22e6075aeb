import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ConversationStore } from "../../../src/engine/conversations/store";
import { createLog } from "../../../src/engine/log";
import { hasCode, Scratch } from "../workspace/scratch";
import { answerOf, askedOf } from "./turns";

describe("conversation store", () => {
  const scratch = new Scratch();
  let dir: string;
  let logged: string[];
  beforeEach(() => {
    dir = path.join(scratch.folder(), "conversations");
    logged = [];
  });
  const open = (limits?: { count: number; bytes: number }): ConversationStore =>
    new ConversationStore(
      dir,
      createLog((line) => logged.push(line)),
      limits,
    );

  it("gives back turns as they ended, to another process too", async () => {
    const first = await open().begin(undefined, askedOf("Where is the berth?\nI mean the big one."));
    assert.deepEqual((await open().get(first.id)).turns[0]?.answer, null);
    const place = await open().finish(first, { answer: answerOf("In `berth.ts:3`.") });
    assert.deepEqual(place, { id: first.id, turn: 0 });
    const second = await open().begin(first.id, askedOf("And the small one?"));
    await open().finish(second, { error: { code: "LS-900", message: "Cancelled.", wayOut: "" } });
    const kept = await open().get(first.id);
    assert.equal(kept.title, "Where is the berth?");
    assert.equal(kept.turns[0]?.answer?.text, "In `berth.ts:3`.");
    assert.deepEqual(kept.turns[0].answer.conversation, { id: first.id, turn: 0 });
    assert.deepEqual([kept.turns[1]?.answer, kept.turns[1]?.error?.code], [null, "LS-900"]);
    assert.deepEqual(
      readdirSync(dir).filter((name) => !name.endsWith(".json")),
      [],
    );
  });

  it("lists the newest first and searches titles, questions and answers", async () => {
    const store = open();
    const ids: string[] = [];
    for (const [question, answer] of [
      ["Where is the tide?", "In tides.ts"],
      ["Who pays?", "The Skipper"],
      ["Why?", "Because"],
    ] as const) {
      const begun = await store.begin(undefined, askedOf(question));
      await store.finish(begun, { answer: answerOf(answer) });
      ids.push(begun.id);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await store.rename(ids[2]!, "Reasons");
    const listed = async (query?: string) => (await open().list(query)).map(({ title }) => title);
    assert.deepEqual(await listed(), ["Reasons", "Who pays?", "Where is the tide?"]);
    assert.deepEqual(await listed("TIDE"), ["Where is the tide?"]);
    assert.deepEqual(await listed("skipper"), ["Who pays?"]);
    assert.deepEqual(await listed("reasons"), ["Reasons"]);
    assert.deepEqual(await listed("nothing of it"), []);
  });

  it("cuts and deletes, and a turn that was cut off stays away", async () => {
    const store = open();
    const first = await store.begin(undefined, askedOf("One?"));
    await store.finish(first, { answer: answerOf("1") });
    const second = await store.begin(first.id, askedOf("Two?"));
    const { entry, gone } = await open().cut(first.id, 1);
    assert.deepEqual([entry.turns, gone.map((turn) => turn.question)], [1, ["Two?"]]);
    assert.equal(await store.finish(second, { answer: answerOf("2") }), null);
    assert.equal((await store.get(first.id)).turns.length, 1);
    assert.equal((await store.delete(first.id)).deleted, 1);
    assert.equal(await store.finish(second, { answer: answerOf("2") }), null);
    await assert.rejects(store.get(first.id), hasCode("LS-408"));
    await assert.rejects(store.begin(first.id, askedOf("Three?")), hasCode("LS-408"));
    await store.begin(undefined, askedOf("Four?"));
    assert.equal((await store.delete()).deleted, 1);
    assert.deepEqual(await store.list(), []);
  });

  it("believes no damaged file, says so, and leaves it on disk", async () => {
    const { id } = await open().begin(undefined, askedOf("One?"));
    const file = path.join(dir, `${id}.json`);
    const whole = readFileSync(file, "utf8");
    for (const text of [whole.slice(0, -20), "", whole.replace('"One?"', "7"), whole.replaceAll(id, "another")]) {
      logged = [];
      writeFileSync(file, text);
      assert.deepEqual(await open().list(), []);
      await assert.rejects(open().get(id), hasCode("LS-408"));
      assert.match(logged.join("\n"), new RegExp(`${id}.json is damaged`));
      assert.equal(readFileSync(file, "utf8"), text);
    }
    for (const wrong of ["../../etc/passwd", "", "a/b"]) await assert.rejects(open().get(wrong), hasCode("LS-408"));
  });

  it("stays within its bounds: what was changed longest ago goes first", async () => {
    const store = open({ count: 3, bytes: 2 ** 20 });
    const ids: string[] = [];
    for (let number = 0; number < 5; number++) {
      const { id } = await store.begin(undefined, askedOf(`Question ${number}?`));
      ids.push(id);
      const time = new Date(Date.now() - 3600_000 + number * 1000);
      utimesSync(path.join(dir, `${id}.json`), time, time);
    }
    await store.begin(ids[2], askedOf("Again?"));
    const titles = (await store.list()).map(({ title }) => title).sort();
    assert.deepEqual(titles, ["Question 2?", "Question 3?", "Question 4?"]);
    const small = open({ count: 100, bytes: 4000 });
    for (let number = 0; number < 8; number++) await small.begin(undefined, askedOf("x".repeat(1000)));
    const bytes = readdirSync(dir).reduce((sum, name) => sum + readFileSync(path.join(dir, name)).length, 0);
    assert.ok(bytes <= 4000, `${bytes} bytes`);
  });

  it("loses nothing when several processes write to one conversation at once", async function () {
    this.timeout(60_000);
    const { id } = await open().begin(undefined, askedOf("Start?"));
    const script = path.join(import.meta.dirname, "writer.ts");
    const writers = ["a", "b", "c"].map((name) =>
      fork(script, [dir, id, name, "12"], { execArgv: ["--import", "tsx"] }),
    );
    const codes = await Promise.all(writers.map(async (writer) => ((await once(writer, "exit")) as [number])[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    const { turns } = await open().get(id);
    const answers = turns.slice(1).map(({ question, answer }) => `${question} ${answer?.text ?? "-"}`);
    const expected = ["a", "b", "c"].flatMap((name) =>
      Array.from({ length: 12 }, (_, index) => `${name}${index}? ${name}${index}!`),
    );
    assert.deepEqual(answers.sort(), expected.sort());
  });

  it("breaks the lock of a process that died", async () => {
    const { id } = await open().begin(undefined, askedOf("One?"));
    const lock = path.join(dir, `${id}.lock`);
    writeFileSync(lock, "");
    const old = new Date(Date.now() - 60_000);
    utimesSync(lock, old, old);
    await open().rename(id, "Two");
    assert.equal((await open().get(id)).title, "Two");
  });
});
