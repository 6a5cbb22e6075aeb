// Runs the C++ tests of native/test; each line of their TAP output becomes a test here.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { Test } from "mocha";
import { loadNative } from "../../src/engine/native";

interface TapLine {
  readonly passed: boolean;
  readonly title: string;
  /** Reason of a `# SKIP`, else null. */
  readonly skipped: string | null;
}

interface TapRun {
  readonly lines: readonly TapLine[];
  /** Number of tests that the program planned; null when it did not get that far. */
  readonly planned: number | null;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Every executable is given this long: with a busy machine and a real model some take a minute. */
const MINUTES = 15;

async function runProgram(file: string, args: readonly string[]): Promise<TapRun> {
  const libraries = path.dirname(path.dirname(file));
  const env =
    process.platform === "win32" ? { ...process.env, PATH: `${libraries};${process.env["PATH"] ?? ""}` } : process.env;
  const child = spawn(file, args, { env, timeout: MINUTES * 60_000, killSignal: "SIGKILL" });
  let output = "";
  let standardOutput = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    standardOutput += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, name) => resolve([code, name]));
  });
  return { ...parseTap(standardOutput), status, signal, output };
}

function parseTap(text: string): Pick<TapRun, "lines" | "planned"> {
  const lines: TapLine[] = [];
  let planned: number | null = null;
  for (const line of text.split(/\r?\n/)) {
    const result = /^(not )?ok \d+ - (.*?)(?: # SKIP (.*))?$/.exec(line);
    if (result !== null) {
      lines.push({ passed: result[1] === undefined, title: result[2] ?? "", skipped: result[3] ?? null });
    }
    const plan = /^1\.\.(\d+)$/.exec(line);
    if (plan !== null) planned = Number(plan[1]);
  }
  return { lines, planned };
}

function toTest(line: TapLine): Test {
  const test = new Test(line.title, function (this: Mocha.Context) {
    if (line.skipped !== null) this.skip();
    assert.ok(line.passed, "see the program's output");
  });
  if (line.skipped !== null) Object.assign(test, { skipReason: line.skipped });
  return test;
}

describe("ESA in C++", () => {
  const dir = path.join(loadNative().dir, "test");
  const programs = readdirSync(dir).filter((name) => !name.includes(".") || name.endsWith(".exe"));
  const model = process.env["LONGSIGHT_TEST_MODEL"];

  it("has programs", () => assert.ok(programs.length > 0, `nothing in ${dir}`));

  for (const name of programs) {
    describe(name, function () {
      this.timeout((MINUTES + 1) * 60_000);
      let run: TapRun;

      // the tests of a suite are looked at after its `before`: what is added here is run
      before(async function (this: Mocha.Context) {
        run = await runProgram(path.join(dir, name), model === undefined || model === "" ? [] : [model]);
        for (const line of run.lines) this.test?.parent?.addTest(toTest(line));
      });

      it("ends well, with as many checks as it planned", () => {
        assert.equal(run.signal, null, run.output);
        assert.ok(run.lines.length > 0, `no check was made:\n${run.output}`);
        assert.equal(run.planned, run.lines.length, run.output);
        assert.equal(
          run.status === 0,
          run.lines.every(({ passed }) => passed),
          run.output,
        );
      });
    });
  }
});
