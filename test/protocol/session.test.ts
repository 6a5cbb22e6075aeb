import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createLog } from "../../src/engine/log";
import type { LoadedModel, LlamaRuntime } from "../../src/engine/model/llama";
import { ContextualReader } from "../../src/engine/session/contextualReader";
import { Session } from "../../src/engine/session/session";
import { SnapshotStore } from "../../src/engine/session/snapshotStore";
import { isCancelled } from "../../src/shared/errors";
import type { Progress } from "../../src/shared/protocol";
import {
  collect,
  loadTinyModel,
  scratchFolder,
  SMALL_CONTEXT,
  SMALL_ESA,
  someTokens,
  startLlama,
} from "../native/support";

const KEY = "tiny";
const BATCH = 32;

describe("Session on a real context", function () {
  this.timeout(60_000);
  const root = scratchFolder();
  let llama: LlamaRuntime;
  let model: LoadedModel;
  let dir: string;
  let logged: string[];
  let count = 0;
  const open: Session[] = [];

  before(async () => {
    llama = await startLlama();
    model = await loadTinyModel(root);
  });
  beforeEach(() => {
    dir = path.join(root, `snapshots-${count++}`);
    logged = [];
  });
  afterEach(async () => {
    for (const session of open.splice(0)) await session.dispose();
  });
  after(() => model.dispose());

  /** A session of a new process: nothing in memory, the snapshots of this test on disk. */
  async function openSession(options: { readonly key?: string; readonly maxBytes?: number } = {}): Promise<Session> {
    const log = createLog((line) => logged.push(line), "debug");
    const context = await llama.native.createContext(model.handle, {
      ...SMALL_CONTEXT,
      contextSize: 2048,
      batchSize: BATCH,
      esa: SMALL_ESA,
    });
    const store = new SnapshotStore({
      dir,
      maxBytes: options.maxBytes ?? 2 ** 30,
      peek: (file, key) => llama.native.peekSnapshot(file, key),
      log,
    });
    const reader = new ContextualReader({ store, key: options.key ?? KEY, batchSize: BATCH });
    const session = new Session({ context, reader, batchSize: BATCH });
    open.push(session);
    return session;
  }

  const snapshots = (): string[] => readdirSync(dir).filter((name) => name.endsWith(".kv"));

  it("prefills once, then finds everything in memory", async () => {
    const session = await openSession();
    const wanted = someTokens(200);
    const first = await session.bring(wanted);
    assert.deepEqual([first.reused, first.prefilled], [0, 200]);
    assert.equal(first.snapshotBytes, statSync(path.join(dir, snapshots()[0] ?? "")).size);
    assert.deepEqual(await session.bring(wanted), {
      reused: 200,
      prefilled: 0,
      snapshotBytes: first.snapshotBytes,
      complete: true,
    });
    assert.equal(session.context.length, 200);
  });

  it("finds everything on disk in the next process, with the same continuation", async () => {
    const wanted = someTokens(200);
    const question = someTokens(10, 7);
    const answers: number[][] = [];
    for (const reused of [0, 200]) {
      const session = await openSession();
      assert.equal((await session.bring(wanted)).reused, reused);
      await session.question(question, {});
      answers.push((await collect(session.context, { maxTokens: 20 })).tokens);
    }
    assert.ok((answers[0]?.length ?? 0) > 0);
    assert.deepEqual(answers[0], answers[1]);
  });

  it("keeps the packed context and nothing else after a question", async () => {
    const session = await openSession();
    const wanted = someTokens(100);
    await session.bring(wanted);
    const ask = async (): Promise<number[]> => {
      const { chunkStart } = await session.question(someTokens(40, 5), {});
      assert.equal(chunkStart, 132);
      const answer = await collect(session.context, { maxTokens: 8 });
      await session.forgetQuestion();
      assert.equal(session.context.length, 100);
      return answer.tokens;
    };
    const first = await ask();
    assert.equal((await session.bring(wanted)).prefilled, 0);
    assert.deepEqual(await ask(), first);
  });

  it("prefills an edit from its first changed token on", async () => {
    const session = await openSession();
    await session.bring(someTokens(200));
    const edited = Int32Array.from([...someTokens(200).subarray(0, 150), ...someTokens(80, 9)]);
    assert.equal((await session.bring(edited)).reused, 150);
    assert.equal(session.context.length, 230);
    const other = await openSession();
    assert.equal((await other.bring(edited)).reused, 230);
  });

  it("leaves out a removed file, in memory and from a snapshot, and reads only what is new", async () => {
    const [a, b, c, d] = [someTokens(90, 1), someTokens(60, 2), someTokens(70, 3), someTokens(50, 4)];
    const before = Int32Array.from([...a, ...b, ...c]);
    const after = Int32Array.from([...a, ...c, ...d]);
    const first = await openSession();
    await first.bring(before, { units: [0, 90, 150] });
    const next = await openSession();
    for (const session of [next, first]) {
      const { reused, prefilled } = await session.bring(after, { units: [0, 90, 160] });
      assert.deepEqual([reused, prefilled], session === next ? [160, 50] : [210, 0]);
      assert.equal(session.context.length, 210);
    }
    const question = someTokens(10, 7);
    const answers: number[][] = [];
    for (const session of [first, next]) {
      await session.question(question, {});
      answers.push((await collect(session.context, { maxTokens: 8 })).tokens);
    }
    assert.ok((answers[0]?.length ?? 0) > 0);
    assert.deepEqual(answers[0], answers[1]);
  });

  it("takes the snapshot that has most in common with what is wanted", async () => {
    const base = someTokens(200);
    const branch = Int32Array.from([...base.subarray(0, 120), ...someTokens(80, 3)]);
    const first = await openSession();
    await first.bring(base);
    await first.bring(branch);
    assert.equal(snapshots().length, 2);
    assert.equal((await (await openSession()).bring(base)).reused, 200);
    assert.equal((await (await openSession()).bring(branch)).reused, 200);
    const near = Int32Array.from([...branch.subarray(0, 180), ...someTokens(30, 11)]);
    assert.equal((await (await openSession()).bring(near)).reused, 180);
  });

  it("removes a snapshot that is the beginning of a newer one", async () => {
    const session = await openSession();
    await session.bring(someTokens(100));
    await session.bring(someTokens(200));
    assert.equal(snapshots().length, 1);
  });

  it("takes no snapshot of other parameters", async () => {
    await (await openSession()).bring(someTokens(200));
    assert.equal((await (await openSession({ key: "other" })).bring(someTokens(200))).reused, 0);
  });

  it("reads anew when asked to, whatever is on disk", async () => {
    const session = await openSession();
    await session.bring(someTokens(100));
    assert.equal((await session.bring(someTokens(100), { rebuild: true })).prefilled, 100);
  });

  it("keeps and saves what was read when it is interrupted", async () => {
    const session = await openSession();
    const wanted = someTokens(1500);
    const abort = new AbortController();
    await assert.rejects(
      session.bring(wanted, {
        signal: abort.signal,
        onProgress: ({ stage, done }) => {
          if (stage === "prefill" && done >= 640) abort.abort();
        },
      }),
      isCancelled,
    );
    const kept = session.readTokens;
    assert.ok(kept >= 640 && kept < 1500, `${kept} tokens kept`);
    const rest = await (await openSession()).bring(wanted);
    assert.deepEqual([rest.reused, rest.prefilled], [kept, 1500 - kept]);
  });

  it("reports progress with a rate and the time left", async () => {
    const seen: Progress[] = [];
    await (await openSession()).bring(someTokens(200), { onProgress: (progress) => seen.push(progress) });
    const prefill = seen.filter(({ stage }) => stage === "prefill");
    assert.equal(prefill.at(0)?.done, 0);
    assert.equal(prefill.at(-1)?.done, 200);
    assert.equal(prefill.at(-1)?.eta, 0);
    assert.ok(prefill.slice(1).every(({ rate, total }) => rate > 0 && total === 200));
  });

  const damages: readonly [string, (file: string) => void][] = [
    ["cut off", (file) => truncateSync(file, statSync(file).size >> 1)],
    [
      "altered",
      (file) => {
        const data = readFileSync(file);
        const middle = data.length >> 1;
        data.writeUInt8(data.readUInt8(middle) ^ 0xff, middle);
        writeFileSync(file, data);
      },
    ],
    ["foreign", (file) => writeFileSync(file, "no snapshot")],
    ["empty", (file) => writeFileSync(file, "")],
  ];
  for (const [name, damage] of damages) {
    it(`reads anew when the snapshot is ${name}, and says so in the log only`, async () => {
      const wanted = someTokens(200);
      await (await openSession()).bring(wanted);
      const [file = ""] = snapshots();
      damage(path.join(dir, file));
      const session = await openSession();
      assert.deepEqual((await session.bring(wanted)).prefilled, 200);
      assert.ok(
        logged.some((line) => line.includes("damaged")),
        logged.join("\n"),
      );
      assert.equal((await (await openSession()).bring(wanted)).reused, 200);
    });
  }

  it("keeps the folder within its size", async () => {
    const session = await openSession({ maxBytes: 1 });
    await session.bring(someTokens(100, 1));
    await session.bring(someTokens(100, 2));
    assert.equal(snapshots().length, 1);
    assert.equal((await (await openSession()).bring(someTokens(100, 2))).reused, 100);
  });
});
