import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createLog } from "../../src/engine/log";
import type { LoadedModel, LlamaRuntime } from "../../src/engine/model/llama";
import type { ContextOptions, NativeContext } from "../../src/engine/native";
import { PerFileReader } from "../../src/engine/session/perFileReader";
import { SegmentStore } from "../../src/engine/session/segmentStore";
import { Session, type BringResult } from "../../src/engine/session/session";
import { isCancelled, userErrors } from "../../src/shared/errors";
import {
  collect,
  loadTinyModel,
  scratchFolder,
  SMALL_CONTEXT,
  SMALL_ESA,
  someTokens,
  startLlama,
} from "../native/support";

const BATCH = 32;
const FRAME = someTokens(20, 1);
const FILES = { a: someTokens(90, 2), b: someTokens(60, 3), c: someTokens(70, 4), d: someTokens(50, 5) };

/** The frame and files, as tokens with the first token of each. */
function contextOf(...files: readonly Int32Array[]): { readonly tokens: Int32Array; readonly units: number[] } {
  const units: number[] = [];
  const tokens: number[] = [];
  for (const unit of [FRAME, ...files]) {
    units.push(tokens.length);
    tokens.push(...unit);
  }
  return { tokens: Int32Array.from(tokens), units };
}

describe("Session that reads by file, on a real context", function () {
  this.timeout(120_000);
  const root = scratchFolder();
  const { a, b, c, d } = FILES;
  let llama: LlamaRuntime;
  let model: LoadedModel;
  let dir: string;
  let logged: string[];
  let notKept: unknown[];
  let count = 0;
  const open: Session[] = [];

  before(async () => {
    llama = await startLlama();
    model = await loadTinyModel(root);
  });
  beforeEach(() => {
    dir = path.join(root, `segments-${count++}`);
    logged = [];
    notKept = [];
  });
  afterEach(async () => {
    for (const session of open.splice(0)) await session.dispose();
  });
  after(() => model.dispose());

  interface Options {
    readonly key?: string;
    readonly maxBytes?: number;
    readonly scratch?: (size: number) => Promise<NativeContext>;
  }

  const makeContext = (contextSize: number): Promise<NativeContext> => {
    const options: ContextOptions = { ...SMALL_CONTEXT, contextSize, batchSize: BATCH, esa: SMALL_ESA };
    return llama.native.createContext(model.handle, options);
  };

  /** A session of a new process: nothing in memory, the segments of this test on disk. */
  async function openSession({ key = "tiny", maxBytes = 2 ** 30, scratch = makeContext }: Options = {}) {
    const log = createLog((line) => logged.push(line), "debug");
    const store = new SegmentStore({ dir, maxBytes, log, onNotKept: (cause) => notKept.push(cause) });
    const reader = new PerFileReader({ store, key, scratch: { create: scratch, batchSize: BATCH }, log });
    const session = new Session({ context: await makeContext(2048), reader, batchSize: BATCH });
    open.push(session);
    return session;
  }

  async function bring(session: Session, ...files: readonly Int32Array[]): Promise<BringResult> {
    const { tokens, units } = contextOf(...files);
    return session.bring(tokens, { units });
  }

  async function answerOf(session: Session): Promise<number[]> {
    await session.question(someTokens(10, 7), {});
    const { tokens } = await collect(session.context, { maxTokens: 20 });
    await session.forgetQuestion();
    assert.ok(tokens.length > 0);
    return tokens;
  }

  const segments = (): string[] => readdirSync(dir).filter((name) => name.endsWith(".segment"));

  it("reads once, then finds everything in memory", async () => {
    const session = await openSession();
    const first = await bring(session, a, b, c);
    assert.deepEqual([first.reused, first.prefilled, first.complete], [0, 240, true]);
    const bytes = segments().reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
    assert.equal(first.snapshotBytes, bytes);
    assert.deepEqual(await bring(session, a, b, c), { ...first, reused: 240, prefilled: 0 });
    assert.equal(session.readTokens, 240);
  });

  it("finds everything on disk in the next process, with the same continuation", async () => {
    const first = await openSession();
    await bring(first, a, b, c);
    const next = await openSession();
    assert.equal((await bring(next, a, b, c)).prefilled, 0);
    assert.deepEqual(await answerOf(next), await answerOf(first));
  });

  it("reads an edited file and nothing else, wherever it stands, and nothing when the edit is taken back", async () => {
    const session = await openSession();
    await bring(session, a, b, c);
    const before = await answerOf(session);
    assert.equal((await bring(session, a, d, c)).prefilled, d.length);
    assert.equal((await bring(session, a, b, c)).prefilled, 0);
    assert.deepEqual(await answerOf(session), before);
    assert.equal((await bring(session, a, c)).prefilled, 0);
    assert.equal((await bring(session, d, c, b, a)).prefilled, 0);
    assert.equal(session.readTokens, 20 + 50 + 70 + 60 + 90);
  });

  it("comes to the same cache by any way", async () => {
    const straight = await openSession();
    await bring(straight, d, a, c);
    const edited = await openSession();
    await bring(edited, a, b, c);
    await bring(edited, a, c, d);
    await bring(edited, d, a, c);
    assert.deepEqual(await answerOf(edited), await answerOf(straight));
  });

  it("knows a file apart from its text inside another one", async () => {
    const session = await openSession();
    const quoting = Int32Array.from([...b, ...a, ...c]);
    await bring(session, quoting);
    assert.equal((await bring(session, a)).prefilled, a.length);
  });

  it("takes no segment of other parameters, nor of another frame", async () => {
    await bring(await openSession(), a, b);
    assert.equal((await bring(await openSession({ key: "other" }), a, b)).prefilled, 170);
    const other = Int32Array.from([...someTokens(20, 9), ...a, ...b]);
    const result = await (await openSession()).bring(other, { units: [0, 20, 110] });
    assert.equal(result.prefilled, 170);
  });

  it("reads anew when asked to, whatever is on disk", async () => {
    const session = await openSession();
    await bring(session, a, b);
    const { tokens, units } = contextOf(a, b);
    assert.equal((await session.bring(tokens, { units, rebuild: true })).prefilled, 170);
    assert.equal((await bring(await openSession(), a, b)).prefilled, 0);
  });

  it("goes on in the middle of a file after it gave way or was cancelled, and comes to the same answer", async () => {
    const straight = await openSession();
    const long = someTokens(900, 6);
    await bring(straight, a, long, b);
    const expected = await answerOf(straight);
    dir = `${dir}-interrupted`;
    const session = await openSession();
    const { tokens, units } = contextOf(a, long, b);
    let prefilled = 0;
    for (const kind of ["giveWay", "signal", "giveWay"] as const) {
      const abort = new AbortController();
      let chunks = 0;
      const bringing = session.bring(tokens, {
        units,
        [kind]: abort.signal,
        onProgress: ({ stage }) => {
          if (stage === "prefill" && ++chunks === 7) abort.abort();
        },
      });
      if (kind === "signal") await assert.rejects(bringing, isCancelled);
      else {
        const result = await bringing;
        assert.equal(result.complete, false);
        prefilled += result.prefilled;
      }
      assert.ok(session.readTokens < tokens.length);
    }
    const last = await session.bring(tokens, { units });
    assert.ok(prefilled > 0 && last.prefilled + prefilled < tokens.length);
    assert.equal(last.reused + last.prefilled, tokens.length);
    assert.deepEqual(await answerOf(session), expected);
  });

  it("waits between chunks when it is told to, with the same result", async () => {
    const straight = await openSession();
    await bring(straight, a, b);
    dir = `${dir}-waiting`;
    const session = await openSession();
    const { tokens, units } = contextOf(a, b);
    let waits = 0;
    await session.bring(tokens, { units, between: () => Promise.resolve(waits++) });
    assert.equal(waits, Math.ceil(a.length / BATCH) + Math.ceil(b.length / BATCH));
    assert.deepEqual(await answerOf(session), await answerOf(straight));
  });

  it("says which units need no reading", async () => {
    const first = await openSession();
    await bring(first, a, b);
    const session = await openSession();
    const { tokens, units } = contextOf(a, c, b);
    assert.deepEqual(await session.available(tokens, units), [true, true, false, true]);
    await bring(session, a, c, b);
    assert.deepEqual(await session.available(tokens, units), [true, true, true, true]);
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
    ["foreign", (file) => writeFileSync(file, "no segment")],
    ["empty", (file) => writeFileSync(file, "")],
  ];
  for (const [name, damage] of damages) {
    it(`reads anew what is ${name}, says so in the log, and answers the same`, async () => {
      const first = await openSession();
      await bring(first, a, b);
      const expected = await answerOf(first);
      for (const file of segments()) damage(path.join(dir, file));
      const session = await openSession();
      assert.equal((await bring(session, a, b)).prefilled, 170);
      assert.ok(
        logged.some((line) => line.includes("damaged")),
        logged.join("\n"),
      );
      assert.deepEqual(await answerOf(session), expected);
      assert.equal((await bring(await openSession(), a, b)).prefilled, 0);
    });
  }

  it("takes no segment under the name of another", async () => {
    await bring(await openSession(), a, b);
    const [one = "", two = ""] = segments();
    writeFileSync(path.join(dir, one), readFileSync(path.join(dir, two)));
    const session = await openSession();
    assert.ok((await bring(session, a, b)).prefilled > 0);
    assert.equal(session.readTokens, 170);
    assert.ok(logged.some((line) => line.includes("removed and read anew")));
  });

  it("keeps the folder within its size, removes what is not in use, and says when it cannot keep more", async () => {
    const first = await openSession();
    const { snapshotBytes } = await bring(first, a, b);
    const small = await openSession({ maxBytes: snapshotBytes });
    await bring(small, c, d);
    assert.deepEqual(notKept, []);
    const total = segments().reduce((sum, name) => sum + statSync(path.join(dir, name)).size, 0);
    assert.ok(total <= snapshotBytes, `${total} of ${snapshotBytes} bytes`);
    assert.equal((await bring(await openSession(), c, d)).prefilled, 0);
    await bring(small, c, d, a, b);
    assert.equal(notKept.length, 1);
    assert.equal(small.readTokens, 290);
  });

  it("reads on where nothing can be written, and says so once", async function () {
    mkdirSync(path.dirname(dir), { recursive: true });
    writeFileSync(dir, "not a folder");
    const session = await openSession();
    assert.equal((await bring(session, a, b, c)).prefilled, 240);
    assert.equal((await bring(session, a, b, c)).prefilled, 0);
    assert.equal(notKept.length, 1);
    assert.equal((await bring(session, a, c, d)).prefilled, d.length);
  });

  it("reads in place where there is no memory for a second context", async () => {
    const session = await openSession({ scratch: () => Promise.reject(userErrors.noMemory("a context", 2, 1)) });
    assert.equal((await bring(session, a, b)).prefilled, 170);
    assert.ok(logged.some((line) => line.includes("in place")));
    assert.deepEqual(await session.available(contextOf(a, b).tokens, contextOf(a, b).units), [true, true, true]);
    await answerOf(session);
  });

  it("frees the second context when all is read", async () => {
    const session = await openSession();
    const held = session.heldBytes;
    await bring(session, a, b);
    assert.equal(session.heldBytes, held);
  });

  it("shares segments with a process that writes the same ones at the same time", async () => {
    const [one, two] = [await openSession(), await openSession()];
    await Promise.all([bring(one, a, b, c, d), bring(two, a, b, c, d)]);
    assert.equal((await bring(await openSession(), a, b, c, d)).prefilled, 0);
    assert.deepEqual(await answerOf(one), await answerOf(two));
    assert.equal(readdirSync(dir).length, 5);
  });
});
