// Runs a bundle of tests inside the extension host of a real workbench.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { launchChromium } from "./browser.mjs";
import { startCodeServer } from "./codeServer.mjs";
import { artifacts, root } from "./paths.mjs";

/** Begins the lines that test/integration/index.ts prints; the others are the workbench's own. */
const MARK = "[test] ";

/**
 * The workbench calls `run()` of the module `tests` and tells the page its outcome.
 * @param {{ vsix: string, chromium: string, folder: string, tests: string, minutes: number, settings: object, env: object }} options
 * @returns {Promise<string | null>} what went wrong, or null; failed tests are in the results and not told here
 */
export async function runInExtensionHost({ vsix, chromium, folder, tests, minutes, settings, env }) {
  // Built workbenches ignore test payloads without this option.
  const args = ["--vscode-option", "enable-smoke-test-driver"];
  const server = await startCodeServer({ vsix, settings, env, args });
  let browser;
  try {
    browser = await launchChromium(chromium);
    const page = await browser.newPage();
    const ended = new Promise((resolve) => page.exposeFunction("codeAutomationExit", (code) => resolve(code)));
    await page.exposeFunction("codeAutomationLog", (_type, [text]) => {
      if (typeof text === "string" && text.startsWith(MARK)) console.log(text.slice(MARK.length));
    });
    // The installed extension is under test; the workbench wants one "under development" besides.
    const payload = [
      ["extensionDevelopmentPath", server.remote(path.join(root, "test/integration/runner"))],
      ["extensionTestsPath", server.remote(tests)],
      ["skipWelcome", "true"],
    ];
    await page.goto(`${server.open(folder)}&payload=${encodeURIComponent(JSON.stringify(payload))}`);
    const late = new Promise((resolve) => setTimeout(resolve, minutes * 60_000, "late").unref());
    const outcome = await Promise.race([ended, late]);
    if (outcome !== "late") return null;
    mkdirSync(artifacts, { recursive: true });
    await page.screenshot({ path: path.join(artifacts, "integration-late.png") });
    return `not finished within ${minutes} minutes; see artifacts/integration-late.png\n${server.log()}`;
  } finally {
    await browser?.close();
    await server.stop();
  }
}
