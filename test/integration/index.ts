/** Entry that the extension host calls: runs every suite beside it with mocha, and writes the results. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { format } from "node:util";

const DEFAULT_TIMEOUT_MS = 60_000;
/** Tells test/helpers/extensionHost.mjs which lines of the workbench's console are ours. */
const MARK = "[test] ";
const print = (...args: unknown[]): void => console.log(MARK + format(...args));

/** Rejects when a test failed; the exit code of the host follows from that. */
export async function run(): Promise<void> {
  try {
    await runSuites();
  } catch (error) {
    print(error);
    throw error;
  }
}

async function runSuites(): Promise<void> {
  process.setSourceMapsEnabled(true);
  const { default: Mocha } = await import("mocha");
  Object.assign(Mocha.reporters.Base, { consoleLog: print });
  const { LONGSIGHT_TEST_REPORTER: reporter, LONGSIGHT_TEST_GREP: grep } = process.env;
  const mocha = new Mocha({
    timeout: DEFAULT_TIMEOUT_MS,
    color: false,
    forbidOnly: true,
    ...(reporter !== undefined && { reporter }),
    ...(grep !== undefined && { grep }),
  });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.endsWith(".test.js")) mocha.addFile(path.join(__dirname, name));
  }
  await mocha.loadFilesAsync();
  const failures = await new Promise<number>((resolve) => {
    mocha.run(resolve);
  });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
