import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TraceRecorder } from "../../../src/engine/trace/recorder";
import { TraceStore } from "../../../src/engine/trace/store";
import { packContext } from "../../../src/engine/context/pack";
import { planContext } from "../../../src/engine/context/plan";
import { TokenCache } from "../../../src/engine/context/tokens";
import { ByteTokenizer } from "../context/byteTokenizer";
import { hardTexts, snapshotOfTexts } from "../context/workspace";
import { hasCode, Scratch } from "../workspace/scratch";
import { encode, randomTrace } from "./traces";

describe("trace store", () => {
  const scratch = new Scratch();
  const trace = (seed: number, facts: { id: string; workspace?: string }) => ({
    ...randomTrace(seed, { files: 6, steps: 10, layers: 3 }),
    ...facts,
  });

  it("gives back what was written", async () => {
    const dir = path.join(scratch.folder(), "traces");
    const written = trace(1, { id: "20250101T000000000-000001" });
    await new TraceStore(dir).write(written);
    assert.deepEqual(readdirSync(dir), ["20250101T000000000-000001.trace"]);
    const read = await new TraceStore(dir).read(written.id);
    const selections = (one: typeof written) => one.steps.map((step) => Array.from(step.selection));
    assert.deepEqual(selections({ ...written, ...read }), selections(written));
    const bare = (one: typeof written) => ({ ...one, steps: one.steps.map((step) => ({ ...step, selection: null })) });
    assert.deepEqual(bare({ ...written, ...read }), bare(written));
  });

  it("finds the newest trace of a workspace, passing over damaged files", async () => {
    const dir = scratch.folder();
    const store = new TraceStore(dir);
    assert.equal(await store.latest("one"), null);
    for (const [second, workspace] of ["one", "two", "one", "two"].entries()) {
      await store.write(trace(second + 1, { id: `20250101T00000${second}000-00000a`, workspace }));
    }
    assert.equal(await store.latest("one"), "20250101T000002000-00000a");
    assert.equal(await store.latest("two"), "20250101T000003000-00000a");
    assert.equal(await store.latest("three"), null);
    writeFileSync(path.join(dir, "20250101T000003000-00000a.trace"), "nothing");
    writeFileSync(path.join(dir, "20250101T000009000-00000a.trace"), "");
    assert.equal(await store.latest("two"), "20250101T000001000-00000a");
  });

  it("believes nothing that is missing, cut off or altered", async () => {
    const dir = scratch.folder();
    const store = new TraceStore(dir);
    const { id } = trace(3, { id: "20250101T000000000-000003" });
    await store.write(trace(3, { id }));
    const file = path.join(dir, `${id}.trace`);
    const good = readFileSync(file);
    const damages = [Buffer.alloc(0), good.subarray(0, 30), good.subarray(0, good.length - 1)];
    for (let at = 0; at < good.length; at += 23) {
      const flipped = Buffer.from(good);
      flipped[at]! ^= 1;
      damages.push(flipped);
    }
    for (const damaged of damages) {
      writeFileSync(file, damaged);
      await assert.rejects(store.read(id), hasCode("LS-404"));
    }
    await assert.rejects(store.read("20250101T000000000-999999"), hasCode("LS-404"));
    for (const odd of ["../../etc/passwd", "", "a/b", "a.trace"]) {
      await assert.rejects(store.read(odd), hasCode("LS-404"));
    }
  });

  it("stays within its bound, the oldest going first, and can be cleared", async () => {
    const dir = scratch.folder();
    await new TraceStore(dir).write(trace(5, { id: "20250101T000000000-000000" }));
    const size = statSync(path.join(dir, "20250101T000000000-000000.trace")).size;
    const store = new TraceStore(dir, 3.5 * size);
    for (let i = 1; i < 6; i++) {
      await store.write(trace(5, { id: `20250101T00000${i}000-000000` }));
      // Modification times order them: keep those apart on coarse file systems.
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    const kept = readdirSync(dir).sort();
    assert.equal(kept.length, 3);
    assert.equal(kept.at(-1), "20250101T000005000-000000.trace");
    assert.equal(kept[0], "20250101T000003000-000000.trace");
    const bytes = kept.reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
    assert.equal(await store.clear(), bytes);
    assert.deepEqual(readdirSync(dir), []);
  });

  it("says when its folder cannot be written", async () => {
    const dir = scratch.folder({ file: "in the way" });
    const store = new TraceStore(path.join(dir, "file", "traces"));
    await assert.rejects(store.write(trace(1, { id: "20250101T000000000-000001" })), hasCode("LS-501"));
    mkdirSync(path.join(dir, "traces"));
  });
});

describe("trace recorder", () => {
  it("records steps with what could be selected then, and the files of the context", async () => {
    const tokens = new TokenCache(new ByteTokenizer(), null);
    const { snapshot, read } = snapshotOfTexts(hardTexts);
    const plan = await planContext({ snapshot, budget: 10_000, read, tokens });
    const context = await packContext({ plan, frame: new Int32Array(9), read, tokens });
    const facts = {
      workspace: "w",
      question: "q",
      asOf: snapshot.asOf,
      model: "m",
      layers: 2,
      k: 4,
      initial: 8,
      local: 16,
    };
    const recorder = new TraceRecorder(facts, context);
    recorder.question(encode([[9], [10]]), 100);
    recorder.answer("Yes", null, 120);
    recorder.answer(",", encode([[11], []]), 20);
    const trace = recorder.finish();
    assert.match(trace.id, /^\d{8}T\d{9}-[0-9a-f]{6}$/);
    assert.equal(trace.contextTokens, context.tokens.length);
    assert.deepEqual(
      trace.steps.map(({ phase, text, selectable, selection }) => [phase, text, selectable, selection.length]),
      [
        ["question", "", [8, 84], 4],
        ["answer", "Yes", [8, 104], 0],
        // Everything before the step is initial or local.
        ["answer", ",", [8, 8], 3],
      ],
    );
    assert.deepEqual(
      trace.files.map((file) => [file.path, file.text]),
      context.files.map((file) => [file.document.path, file.text]),
    );
    const later = new TraceRecorder(facts, context);
    assert.ok(later.id !== recorder.id);
  });
});
