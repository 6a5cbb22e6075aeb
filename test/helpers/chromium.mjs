// A Chromium for the tests: the one that is there, Debian's, or the one that Playwright downloads.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import { aptInstall, distribution, hasApt, isRoot } from "./system.mjs";
import { root } from "./paths.mjs";
import { run, SetupError } from "./steps.mjs";

const NAMES = ["chromium", "google-chrome-stable", "google-chrome", "chrome", "chromium-browser"];
const MAC_APPS = ["Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium"];

/** Ubuntu's packages are scripts that ask for snap; only what tells its version can be used. */
const runs = (file) =>
  spawnSync(file, ["--version", "--no-sandbox"], { stdio: "ignore", timeout: 30_000 }).status === 0;

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // absent or not ours to run: both mean "look further"
  }
}

function* candidates() {
  for (const dir of (process.env.PATH ?? "").split(path.delimiter))
    for (const name of NAMES) yield path.join(dir, name);
  if (process.platform === "darwin") for (const app of MAC_APPS) yield path.join("/Applications", app);
}

function findInstalled() {
  for (const file of candidates()) if (isExecutable(file) && runs(file)) return file;
  return null;
}

/** The browser that playwright-core downloaded for itself, or null. Needs the project's packages. */
async function findPlaywrights() {
  const { chromium } = await import("playwright-core");
  const file = chromium.executablePath();
  return existsSync(file) && runs(file) ? file : null;
}

/**
 * @returns {Promise<string>} path of a Chromium that starts; CHROMIUM in the environment decides when it is set
 * @throws {SetupError} with the way out
 */
export async function ensureChromium() {
  const chosen = process.env.CHROMIUM;
  if (chosen) {
    if (!runs(chosen)) throw new SetupError(`CHROMIUM names ${chosen}, which does not start. Correct or unset it.`);
    return chosen;
  }
  const found = findInstalled() ?? (await findPlaywrights());
  if (found !== null) return found;
  if (hasApt() && isRoot() && distribution() !== "ubuntu") {
    console.log("  installing chromium with apt-get");
    await aptInstall(["chromium", "fonts-dejavu-core"]);
    const installed = findInstalled();
    if (installed !== null) return installed;
  }
  console.log("  downloading Playwright's Chromium");
  const cli = path.join(root, "node_modules/playwright-core/cli.js");
  const withDeps = hasApt() && isRoot() ? ["--with-deps"] : [];
  const reason = await run(process.execPath, [cli, "install", ...withDeps, "chromium"], { minutes: 15 }).then(
    () => "it does not start",
    (error) => error.message,
  );
  const downloaded = await findPlaywrights();
  if (downloaded !== null) return downloaded;
  throw new SetupError(
    `The tests need Chromium, and none could be had: ${reason}\n` +
      "Install Chrome or Chromium, or name one: CHROMIUM=/path/to/chrome npm test",
  );
}
