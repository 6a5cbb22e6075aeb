// npm test: sets up whatever is missing, runs the levels in order, and reports them together.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { levels, needsOf, runLevel, testEnvironment } from "./levels.mjs";
import { artifacts } from "./paths.mjs";
import { setUp } from "./setup.mjs";
import { main, onInterrupt, seconds, SetupError } from "./steps.mjs";

const NAMES = levels.map(({ name }) => name);
const USAGE = `usage: npm test -- [options]
  --level NAME    ${NAMES.join(", ")}; may be given more than once (default: all of them)
  --grep TEXT     only tests whose title matches`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        level: { type: "string", multiple: true },
        grep: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    const wrong = (values.level ?? []).find((name) => !NAMES.includes(name));
    if (wrong !== undefined) throw new Error(`--level ${wrong}: one of ${NAMES.join(", ")}`);
    return values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

const count = (tests, state) => tests.filter((test) => test.state === state).length;
const summary = (tests) =>
  `${count(tests, "passed")} passed, ${count(tests, "failed")} failed, ${count(tests, "skipped")} skipped`;

function report(results) {
  const tests = results.flatMap(({ level, tests }) => tests.map((test) => ({ level, ...test })));
  console.log("\n== results");
  for (const { level, tests, time } of results) console.log(`${level.padEnd(12)} ${summary(tests)} (${time})`);
  for (const test of tests.filter(({ state }) => state === "skipped")) {
    console.log(`skipped [${test.level}] ${test.title}: ${test.reason}`);
  }
  for (const test of tests.filter(({ state }) => state === "failed")) {
    console.log(`\nFAILED [${test.level}] ${test.title}\n${test.error}`);
  }
  writeFileSync(path.join(artifacts, "results.json"), JSON.stringify({ tests }, null, 2));
  return tests;
}

async function runAll({ level: names, grep }) {
  mkdirSync(artifacts, { recursive: true });
  console.log("== set-up");
  const chosen = levels.filter((level) => names === undefined || names.includes(level.name));
  const env = testEnvironment(await setUp(needsOf(chosen)));
  const results = [];
  for (const level of chosen) {
    console.log(`\n== ${level.name}`);
    const since = performance.now();
    const tests = await runLevel(level, { env, ...(grep !== undefined && { grep }) });
    results.push({ level: level.name, tests, time: seconds(since) });
  }
  return report(results);
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  onInterrupt();
  await main(async () => {
    const tests = await runAll(options).catch((error) => {
      const text = error instanceof SetupError ? error.message : String(error.stack ?? error);
      console.error(`\nThe set-up failed.\n${text}`);
      return [{ state: "failed" }];
    });
    const ran = count(tests, "passed") + count(tests, "failed");
    if (ran === 0) console.log("No test was run.");
    console.log(summary(tests));
    return ran === 0 || count(tests, "failed") > 0 ? 1 : 0;
  });
}
