import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BoundedFolder, fingerprintFile, sha256, sha256File, writeBeside } from "../../src/engine/disk";
import { createLog } from "../../src/engine/log";
import { ProgressMeter, unlessAborted } from "../../src/engine/progress";
import { Queue } from "../../src/engine/queue";
import { throttle } from "../../src/engine/throttle";
import { isCancelled, LongsightError } from "../../src/shared/errors";
import type { Progress } from "../../src/shared/protocol";

describe("files on disk", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(path.join(tmpdir(), "longsight-disk-"))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it("writes beside and renames, making the folder", async () => {
    const file = path.join(dir, "a/b/c.json");
    await writeBeside(file, "one");
    await writeBeside(file, "two");
    assert.equal(readFileSync(file, "utf8"), "two");
    assert.deepEqual(readdirSync(path.dirname(file)), ["c.json"]);
  });

  it("says that the folder cannot be written", async () => {
    writeFileSync(path.join(dir, "file"), "");
    await assert.rejects(
      writeBeside(path.join(dir, "file/below"), "x"),
      (error) => error instanceof LongsightError && error.code === "LS-501",
    );
  });

  it("removes the least recently used first, and never what is in use", async () => {
    const folder = new BoundedFolder(dir, ".x", 25);
    for (const [index, name] of ["old", "middle", "new"].entries()) {
      writeFileSync(folder.file(name), "0123456789");
      utimesSync(folder.file(name), 1000 + index, 1000 + index);
    }
    writeFileSync(path.join(dir, "other.y"), "not ours");
    await folder.touch(folder.file("old"));
    assert.deepEqual(await folder.trim(folder.file("new")), [folder.file("middle")]);
    assert.deepEqual(readdirSync(dir).sort(), ["new.x", "old.x", "other.y"]);
    assert.equal(await folder.clear(), 20);
    assert.ok(existsSync(path.join(dir, "other.y")));
  });

  it("removes unfinished files of the past, and leaves those of now", async () => {
    writeFileSync(path.join(dir, "a.x.1-ab.part"), "");
    writeFileSync(path.join(dir, "b.x.2-cd.part"), "");
    writeFileSync(path.join(dir, "c.x.part-1234"), "");
    utimesSync(path.join(dir, "a.x.1-ab.part"), 1000, 1000);
    utimesSync(path.join(dir, "c.x.part-1234"), 1000, 1000);
    await new BoundedFolder(dir, ".x", 100).trim();
    assert.deepEqual(readdirSync(dir), ["b.x.2-cd.part"]);
  });

  it("lists nothing for a folder that does not exist", async () => {
    assert.deepEqual(await new BoundedFolder(path.join(dir, "none"), ".x", 1).list(), []);
  });

  it("hashes files like their content", async () => {
    const file = path.join(dir, "f");
    writeFileSync(file, "content");
    assert.equal(await sha256File(file), sha256("content"));
  });

  it("tells files apart that differ at the end, at the start, or in length", async () => {
    const file = path.join(dir, "f");
    const prints = new Set<string>();
    const data = Buffer.alloc(300_000, 1);
    const variants = [data, Buffer.concat([data, Buffer.of(1)]), Buffer.from(data), Buffer.from(data)];
    variants[2]?.writeUInt8(2, 0);
    variants[3]?.writeUInt8(2, data.length - 1);
    for (const variant of variants) {
      writeFileSync(file, variant);
      prints.add(await fingerprintFile(file));
      assert.ok(prints.has(await fingerprintFile(file)));
    }
    assert.equal(prints.size, variants.length);
  });
});

describe("ProgressMeter", () => {
  it("smooths the rate and tells the time left", () => {
    let now = 0;
    const seen: Progress[] = [];
    const meter = new ProgressMeter(
      "prefill",
      "tokens",
      1000,
      (progress) => seen.push(progress),
      200,
      () => now,
    );
    assert.deepEqual(seen.at(-1), { stage: "prefill", done: 200, total: 1000, unit: "tokens", rate: 0, eta: null });
    now = 1000;
    meter.update(300);
    assert.equal(seen.at(-1)?.rate, 100);
    assert.equal(seen.at(-1)?.eta, 7);
    now = 2000;
    meter.update(600);
    const rate = seen.at(-1)?.rate ?? 0;
    assert.ok(rate > 100 && rate < 300, `${rate} lies between the old rate and the new`);
    meter.update(1000);
    assert.equal(seen.at(-1)?.eta, 0);
  });
});

describe("unlessAborted", () => {
  it("waits for the promise, and no longer than until the signal aborts", async () => {
    const abort = new AbortController();
    assert.equal(await unlessAborted(Promise.resolve(7), abort.signal), 7);
    await assert.rejects(unlessAborted(Promise.reject(new Error("no")), abort.signal), /no/);
    const never = unlessAborted(new Promise(() => undefined), abort.signal);
    abort.abort();
    await assert.rejects(never, isCancelled);
    await assert.rejects(unlessAborted(new Promise(() => undefined), abort.signal), isCancelled);
  });
});

describe("Queue", () => {
  it("runs one task at a time, in order, whatever fails", async () => {
    const queue = new Queue();
    const order: string[] = [];
    const task = (name: string, ms: number) => async (): Promise<void> => {
      order.push(`${name} starts`);
      await sleep(ms);
      order.push(`${name} ends`);
      if (name === "b") throw new Error("b failed");
    };
    const results = await Promise.allSettled([
      queue.run(task("a", 20)),
      queue.run(task("b", 1)),
      queue.run(task("c", 1)),
    ]);
    assert.deepEqual(order, ["a starts", "a ends", "b starts", "b ends", "c starts", "c ends"]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
  });

  it("does not start what was cancelled while it waited", async () => {
    const queue = new Queue();
    const abort = new AbortController();
    const first = queue.run(() => sleep(20));
    const second = queue.run(() => assert.fail("it ran"), abort.signal);
    abort.abort();
    let firstEnded = false;
    void first.then(() => (firstEnded = true));
    await assert.rejects(second, isCancelled);
    assert.ok(!firstEnded, "the cancelled one waited for the other");
    await first;
  });

  it("tells a running task to give way to a higher rank, and lets it come again behind that", async () => {
    const queue = new Queue();
    const order: string[] = [];
    const read = async (): Promise<void> => {
      const gaveWay = await queue.run(async (giveWay) => {
        order.push("read");
        while (!giveWay.aborted && order.length < 3) await sleep(1);
        return giveWay.aborted;
      });
      if (gaveWay) await read();
    };
    const reading = read();
    await sleep(1);
    const same = queue.run(() => Promise.resolve(order.push("same rank")));
    await sleep(5);
    assert.deepEqual(order, ["read"]);
    await queue.run(() => Promise.resolve(order.push("question")), undefined, "question");
    await Promise.all([reading, same]);
    assert.deepEqual(order, ["read", "same rank", "question", "read"]);
  });

  it("tells a task at its start when a higher rank waits already, but not when that was cancelled", async () => {
    const queue = new Queue();
    const abort = new AbortController();
    const first = queue.run(() => sleep(5));
    const cancelled = queue.run(() => Promise.resolve(), abort.signal, "question");
    const gaveWay = queue.run((giveWay) => Promise.resolve(giveWay.aborted), undefined, "background");
    const next = queue.run((giveWay) => Promise.resolve(giveWay.aborted), undefined, "background");
    const question = queue.run(() => Promise.resolve(), undefined, "question");
    abort.abort();
    await assert.rejects(cancelled, isCancelled);
    assert.deepEqual(await Promise.all([gaveWay, next]), [true, true]);
    await Promise.all([first, question]);
    assert.equal(await queue.run((giveWay) => Promise.resolve(giveWay.aborted), undefined, "background"), false);
  });

  it("closes after the running task", async () => {
    const queue = new Queue();
    let ended = false;
    const running = queue.run(async () => {
      await sleep(20);
      ended = true;
    });
    await sleep(1);
    const waiting = assert.rejects(
      queue.run(() => Promise.resolve()),
      isCancelled,
    );
    await queue.close();
    assert.ok(ended);
    await Promise.all([running, waiting]);
  });
});

describe("throttle", () => {
  it("passes the first value, the latest of each interval, and what matters", async () => {
    const seen: number[] = [];
    const send = throttle(
      (value: number) => seen.push(value),
      50,
      (_, after) => after >= 100,
    );
    for (const value of [1, 2, 3]) send(value);
    assert.deepEqual(seen, [1]);
    send(100);
    assert.deepEqual(seen, [1, 100]);
    for (const value of [4, 5]) send(value);
    await sleep(120);
    assert.deepEqual(seen, [1, 100, 5]);
  });
});

describe("createLog", () => {
  it("writes from its level upwards, with causes", () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), "warn");
    log.info("not shown");
    log.warn("shown", new Error("outer", { cause: new Error("inner") }));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^\d{4}-\S+Z warn {2}shown: Error: outer[\s\S]*caused by Error: inner/);
  });
});
