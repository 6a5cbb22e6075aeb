import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { BackgroundReading, type BackgroundParts } from "../../src/engine/background";
import { createLog } from "../../src/engine/log";
import { userErrors } from "../../src/shared/errors";
import { until } from "../helpers/until";

describe("BackgroundReading", () => {
  let reads = 0;
  let logged: string[] = [];
  let background: BackgroundReading | null = null;
  /** What a read does; it ends at once unless a test says otherwise. */
  let work: BackgroundParts["read"] = () => Promise.resolve();
  let answer: "yes" | "no" | "later" = "yes";

  beforeEach(() => {
    reads = 0;
    logged = [];
    answer = "yes";
    work = () => Promise.resolve();
  });
  afterEach(() => background?.dispose());

  function make(): BackgroundReading {
    background = new BackgroundReading({
      read: (options) => {
        reads++;
        return work(options);
      },
      mayRead: () => Promise.resolve(answer),
      log: createLog((line) => logged.push(line)),
      debounceMs: 15,
    });
    return background;
  }

  it("reads nothing before it is started, then what is missing", async () => {
    const reading = make();
    reading.changed();
    await sleep(40);
    assert.equal(reads, 0);
    reading.start();
    await until("it reads, time 1", () => reads === 1);
  });

  it("reads once after a row of changes, and again after what changed meanwhile", async () => {
    const reading = make();
    reading.start();
    await until("it reads, time 1", () => reads === 1);
    let finish: () => void = () => undefined;
    work = () => new Promise((resolve) => (finish = resolve));
    for (let change = 0; change < 5; change++) reading.changed();
    await until("it reads, time 2", () => reads === 2);
    reading.changed();
    await sleep(40);
    assert.equal(reads, 2);
    finish();
    await until("it reads, time 3", () => reads === 3);
  });

  it("stops when it is paused, and goes on when it no longer is", async () => {
    const reading = make();
    work = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(userErrors.cancelled())));
    reading.start();
    await until("it reads, time 1", () => reads === 1);
    reading.pause(true);
    reading.changed();
    await sleep(40);
    assert.equal(reads, 1);
    work = () => Promise.resolve();
    reading.pause(false);
    await until("it reads, time 2", () => reads === 2);
    assert.deepEqual(logged, []);
  });

  it("does not read where it may not", async () => {
    for (answer of ["no", "later"] as const) {
      make().start();
      await sleep(20);
      assert.equal(reads, 0);
      background?.dispose();
    }
  });

  it("waits between two chunks while the user types, unless it is told to stop", async () => {
    const reading = make();
    const abort = new AbortController();
    const passed: string[] = [];
    work = async ({ between }) => {
      await between(undefined);
      passed.push("quiet");
      reading.typed();
      await between(abort.signal);
      passed.push("stopped");
    };
    reading.start();
    await until("nobody types", () => passed.length === 1);
    await sleep(40);
    assert.deepEqual(passed, ["quiet"]);
    abort.abort();
    await until("it stops", () => passed.length === 2);
  });

  it("says in the log what went wrong, and reads again after the next change", async () => {
    const reading = make();
    work = () => Promise.reject(new Error("the disk is gone"));
    reading.start();
    await until("it is logged", () => logged.some((line) => line.includes("the disk is gone")));
    work = () => Promise.resolve();
    reading.changed();
    await until("it reads, time 2", () => reads === 2);
  });
});
