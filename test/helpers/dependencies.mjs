// The project's packages, exactly as package-lock.json names them.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { run } from "./steps.mjs";

const readPackages = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : {});

/** True when node_modules holds every package of the lock file in its version. Optional ones are never installed. */
function isUpToDate() {
  const locked = readPackages(path.join(root, "package-lock.json"));
  const installed = readPackages(path.join(root, "node_modules/.package-lock.json"));
  return Object.entries(locked).every(([dir, entry]) => {
    if (dir === "" || entry.optional === true) return true;
    return installed[dir]?.version === entry.version && existsSync(path.join(root, dir, "package.json"));
  });
}

const esbuildWorks = () =>
  spawnSync(path.join(root, "node_modules/esbuild/bin/esbuild"), ["--version"], { stdio: "ignore" }).status === 0;

/** @returns {Promise<string>} what was done */
export async function ensureDependencies() {
  let remark = "up to date";
  if (!isUpToDate()) {
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, minutes: 15 });
    remark = "installed";
  }
  // npm runs no install scripts here (.npmrc); esbuild's fetches the binary of this platform.
  if (!esbuildWorks()) await run(process.execPath, ["node_modules/esbuild/install.js"], { cwd: root, minutes: 5 });
  return remark;
}
