// The four kinds of tests, what each needs, and how long it may take at most.
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { devModelsFolder } from "./devModels.mjs";
import { runInExtensionHost } from "./extensionHost.mjs";
import { artifacts, demo, root } from "./paths.mjs";
import { run, SetupError, start, stop } from "./steps.mjs";

export const TEST_MODEL = "smollm2-135m-instruct";
export const CHAT_MODEL = "qwen2.5-coder-0.5b-instruct";

/** Time after the last test in which a level's process has to end by itself. */
const GRACE_MS = 30_000;

const workbench = { vsix: true, codeServer: true, chromium: true };

/** In the order in which they run; `needs` are options of setUp, `models` of them come on top. */
export const levels = [
  { name: "unit", minutes: 5, needs: {}, run: runMocha },
  { name: "protocol", minutes: 10, needs: { native: true, models: [TEST_MODEL] }, run: runMocha },
  { name: "native", minutes: 30, needs: { native: true, models: [TEST_MODEL, CHAT_MODEL] }, run: runMocha },
  {
    name: "integration",
    minutes: 10,
    needs: { native: true, models: [TEST_MODEL], ...workbench },
    run: runIntegration,
  },
  { name: "e2e", minutes: 25, needs: { native: true, models: [TEST_MODEL], ...workbench }, run: runMocha },
];

/** What all levels in `chosen` need together. */
export function needsOf(chosen) {
  const models = [...new Set(chosen.flatMap((level) => level.needs.models ?? []))];
  return { ...Object.assign({}, ...chosen.map((level) => level.needs)), models };
}

/** Environment of every test process. */
export function testEnvironment(made) {
  return {
    LONGSIGHT_MODELS_DIR: devModelsFolder(),
    ...(made.models[TEST_MODEL] && { LONGSIGHT_TEST_MODEL: made.models[TEST_MODEL] }),
    ...(made.models[CHAT_MODEL] && { LONGSIGHT_TEST_CHAT_MODEL: made.models[CHAT_MODEL] }),
    ...(made.vsix && { LONGSIGHT_TEST_VSIX: made.vsix }),
    ...(made.chromium && { CHROMIUM: made.chromium }),
  };
}

const resultsFile = (level) => path.join(artifacts, `results-${level}.json`);
const failure = (level, error) => ({ title: `${level}: ${error.split("\n")[0]}`, state: "failed", ms: 0, error });

/**
 * Runs one level.
 * @param {{ env: NodeJS.ProcessEnv, grep?: string }} options
 * @returns {Promise<object[]>} its tests as { title, state, ms, reason?, error? }; trouble with the level is a failed test
 */
export async function runLevel(level, options) {
  const file = resultsFile(level.name);
  rmSync(file, { force: true });
  const trouble = await level.run(level, { ...options, file }).then(
    (text) => text,
    (error) => (error instanceof SetupError ? error.message : String(error.stack ?? error)),
  );
  const { tests } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { tests: [] };
  const results = tests.map((test) =>
    test.state === "skipped" && !test.reason
      ? { ...test, state: "failed", error: "It is skipped without a reason." }
      : test,
  );
  if (trouble !== null) results.push(failure(level.name, trouble));
  const ran = results.some((test) => test.state !== "skipped");
  if (!ran && options.grep === undefined) results.push(failure(level.name, "no test was run"));
  return results;
}

function testFiles(level) {
  const dir = path.join(root, "test", level);
  return readdirSync(dir, { recursive: true })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => path.join(dir, name))
    .sort();
}

/** @returns {Promise<string | null>} what went wrong besides failed tests */
async function runMocha({ name, minutes }, { env, grep, file }) {
  const files = testFiles(name);
  if (files.length === 0) return `there is no test in test/${name}`;
  const mocha = path.join(root, "node_modules/mocha/bin/mocha.js");
  const options = [
    "--forbid-only",
    "--reporter",
    path.join(root, "test/helpers/reporter.cjs"),
    ...(grep ? ["--grep", grep] : []),
  ];
  const child = start(process.execPath, [mocha, ...options, ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env, LONGSIGHT_TEST_RESULTS: file },
  });
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  try {
    const deadline = Date.now() + minutes * 60_000;
    for (let reportedAt = 0; ;) {
      const end = await Promise.race([ended, sleep(500)]);
      if (end !== undefined) return describeEnd(end, file);
      if (reportedAt === 0 && existsSync(file)) reportedAt = Date.now();
      if (reportedAt > 0 && Date.now() - reportedAt > GRACE_MS)
        return "the process did not end by itself after the last test";
      if (Date.now() > deadline) return `not finished within ${minutes} minutes`;
    }
  } finally {
    await stop(child);
  }
}

/** Mocha's exit code is its number of failures; a crash leaves no results. */
function describeEnd({ code, signal }, file) {
  if (signal !== null) return `the process was ended by ${signal}`;
  return existsSync(file) ? null : `the process ended with exit code ${code} before the tests were through`;
}

/** Bundles the suites and runs them inside the extension host of a real workbench on a copy of the demo workspace. */
async function runIntegration({ minutes }, { env, grep, file }) {
  await run(process.execPath, ["esbuild.js", "--tests"], { cwd: root });
  const folder = mkdtempSync(path.join(os.tmpdir(), "longsight-integration-"));
  try {
    cpSync(demo, path.join(folder, "demo"), { recursive: true });
    return await runInExtensionHost({
      vsix: env.LONGSIGHT_TEST_VSIX,
      chromium: env.CHROMIUM,
      folder: path.join(folder, "demo"),
      tests: path.join(root, "dist-test/integration/index.js"),
      minutes,
      settings: {
        "longsight.model": env.LONGSIGHT_TEST_MODEL,
        "longsight.dataDir": path.join(folder, "data"),
        // The engine starts when a test uses it.
        "longsight.reading.inBackground": "never",
      },
      env: {
        ...env,
        LONGSIGHT_TEST_RESULTS: file,
        LONGSIGHT_TEST_REPORTER: path.join(root, "test/helpers/reporter.cjs"),
        ...(grep && { LONGSIGHT_TEST_GREP: grep }),
      },
    });
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
