import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { DeviceTest } from "../../src/engine/deviceTests";
import { requireEnv } from "../helpers/skip";
import { bundleCli, type CliResult, demo, runCli, scratchFolder } from "../unit/cli/runCli";

/** Small enough to be read in seconds on two cores, large enough that most of it lies outside of the local tokens. */
const READING = ["--budget", "2500", "--local", "512", "--top", "256"];

describe("the command line with a model", function () {
  this.timeout(600_000);
  const scratch = scratchFolder();
  let model: string;
  const dataDir = path.join(scratch, "data");
  const common = (): string[] => ["--model", model, "--data-dir", dataDir, "--json"];

  before(async function () {
    model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
    await bundleCli();
  });

  const run = (args: readonly string[], options?: Parameters<typeof runCli>[1]): Promise<CliResult> =>
    runCli([...args, ...common()], options);
  const last = (result: CliResult, type: string): Readonly<Record<string, unknown>> => {
    const event = result.events.at(-1);
    assert.ok(event, result.stderr);
    assert.equal(event["type"], type, `${JSON.stringify(event)}\n${result.stderr}`);
    return event;
  };

  it("stops in mid-prefill at Ctrl-C, keeps what was read, and goes on from there", async () => {
    let stopped = false;
    const first = await run(["index", demo, ...READING], {
      onOutput: (text, { signal }) => {
        const read = [...text.matchAll(/"stage":"prefill","done":(\d+)/g)].some((match) => Number(match[1]) > 0);
        if (read && !stopped) signal("SIGINT");
        stopped ||= read;
      },
    });
    assert.equal(first.code, 130, first.stderr);
    assert.equal(last(first, "error")["code"], "LS-900");
    const second = await run(["index", demo, ...READING]);
    assert.equal(second.code, 0, second.stderr);
    const { tokens, prefilled, reused } = last(second, "index") as Record<string, number>;
    assert.ok(Number(reused) > 0, "nothing was kept");
    assert.equal(Number(prefilled) + Number(reused), tokens);
  });

  it("answers from what was read: nothing but the question is read again", async () => {
    const result = await run([
      "ask",
      demo,
      "What does a berth hold?",
      ...READING,
      "--no-focus",
      "--max-tokens",
      "24",
      "--temperature",
      "0",
    ]);
    assert.equal(result.code, 0, result.stderr);
    const answer = last(result, "answer");
    const deltas = result.events.filter((event) => event["type"] === "delta").map((event) => String(event["text"]));
    assert.equal(deltas.join("").trim(), answer["text"]);
    const timings = answer["timings"] as Record<string, number>;
    const context = answer["context"] as Record<string, number>;
    assert.equal(timings["reusedTokens"], context["tokens"]);
    assert.ok(Number(timings["prefilledTokens"]) < 200, `${timings["prefilledTokens"]} tokens were read`);
    assert.ok(Number(timings["generatedTokens"]) > 0);
    assert.ok(typeof answer["asOf"] === "string" && typeof answer["trace"] === "string");
    assert.ok(Array.isArray(answer["citations"]));
  });

  it("shows where the model looked, as JSON and as a page of its own", async () => {
    const page = path.join(scratch, "attention.html");
    const result = await runCli(["trace", demo, "--json", "--data-dir", dataDir, "--html", page]);
    assert.equal(result.code, 0, result.stderr);
    const trace = last(result, "trace");
    const files = trace["files"] as { selected: number; share: number; lift: number; tokens: number; path: string }[];
    assert.ok(files.length > 0 && files.some((file) => file.selected > 0));
    const share = files.reduce((sum, file) => sum + file.share, 0);
    assert.ok(share > 0 && share <= 1.0001, `shares add up to ${share}`);
    assert.ok((trace["lines"] as unknown[]).length <= 200);
    const html = readFileSync(page, "utf8");
    assert.match(html, /^<!doctype html>/);
    assert.doesNotMatch(html, /(?:src|href)="https?:/);
  });

  it("refuses a cut model file", async () => {
    const cut = path.join(scratch, "cut.gguf");
    copyFileSync(model, cut);
    truncateSync(cut, Math.floor(statSync(cut).size / 2));
    const result = await runCli(["ask", demo, "Anything?", "--model", cut, "--data-dir", dataDir, "--json"]);
    assert.equal(result.code, 3);
    const error = last(result, "error");
    assert.equal(error["code"], "LS-303");
    assert.match(String(error["message"]), /cut\.gguf is not a usable GGUF model: .*(cut off|beyond the end)/);
  });

  it("refuses to compress keys to more than their width, naming it", async () => {
    const result = await run(["calibrate", demo, "--projection", "1024"]);
    assert.equal(result.code, 3);
    const error = last(result, "error");
    assert.equal(error["code"], "LS-601");
    assert.match(String(error["message"]), /1024 does not compress the keys of .*, which are \d+ wide/);
  });

  it("refuses a benchmark that memory does not hold, before it makes anything", async () => {
    const result = await runCli(["bench", "--shape", "8b", "--depths", "16000000", "--data-dir", dataDir, "--json"]);
    assert.equal(result.code, 3);
    assert.equal(last(result, "error")["code"], "LS-201");
  });

  it("examines the installation and finds ESA equal to dense attention", async () => {
    const result = await run(["doctor"]);
    assert.equal(result.code, 0, result.stdout);
    const report = last(result, "doctor");
    assert.equal(report["ok"], true);
    const tests = report["selfTests"] as DeviceTest[];
    assert.equal(tests.at(-1)?.backend, "cpu");
    for (const { test, memoryTotal } of tests) {
      assert.ok(memoryTotal > 0);
      assert.deepEqual(
        test.ways.map(({ name, checks }) => [name, checks.length]),
        [
          ["own operations", 4],
          ["stock operations", 2],
        ],
      );
      assert.ok(test.ways.every(({ ok, checks }) => ok && checks.every((check) => check.ok && check.error < 0.5)));
    }
  });

  it("reports a self-test that does not come to its end, and the device", async () => {
    const broken = path.join(scratch, "broken.gguf");
    copyFileSync(model, broken);
    truncateSync(broken, 1000);
    const result = await runCli(["doctor", "--model", broken, "--data-dir", dataDir, "--json"]);
    assert.equal(result.code, 3);
    const report = last(result, "doctor");
    assert.equal(report["ok"], false);
    const [cpu] = (report["selfTests"] as DeviceTest[]).slice(-1);
    assert.equal(cpu?.test.ok, false);
    assert.equal(cpu.test.error?.code, "LS-303");
  });

  it("reports a backend that cannot be used, and goes on with the rest", async () => {
    // No build has the backends of two vendors.
    for (const backend of ["cuda", "vulkan", "metal"]) {
      const result = await run(["doctor", "--backend", backend]);
      const report = last(result, "doctor");
      if (report["ok"] === true) continue;
      assert.equal(result.code, 3);
      assert.equal((report["nativeError"] as Record<string, unknown>)["code"], "LS-203");
      assert.deepEqual(report["selfTests"], []);
      assert.ok((report["dataDir"] as Record<string, unknown>)["writable"]);
      return;
    }
    assert.fail("every backend was usable");
  });

  it("measures both modes at every depth", async () => {
    const short = ["--depths", "256,1024", "--tokens", "2", "--chunk", "32", "--repetitions", "1"];
    const result = await run(["bench", ...short, "--local", "128", "--top", "64", "--initial", "16"]);
    assert.equal(result.code, 0, result.stderr);
    const rows = last(result, "bench")["rows"] as { mode: string; depth: number; decode: number; prefill: number }[];
    assert.deepEqual(
      rows.map(({ mode, depth }) => `${mode} ${depth}`),
      ["dense 256", "esa 256", "dense 1024", "esa 1024"],
    );
    assert.ok(rows.every(({ decode, prefill }) => decode > 0 && prefill > 0));
  });

  it("measures although the projections of an earlier run are damaged", async () => {
    const folder = path.join(dataDir, "projections");
    const files = readdirSync(folder);
    assert.ok(files.length > 0);
    for (const name of files) writeFileSync(path.join(folder, name), "no projections");
    const short = ["--modes", "esa", "--depths", "256", "--tokens", "2", "--chunk", "32", "--repetitions", "1"];
    const result = await run(["bench", ...short, "--local", "128", "--top", "64", "--initial", "16"]);
    assert.equal(result.code, 0, result.stderr);
  });
});
