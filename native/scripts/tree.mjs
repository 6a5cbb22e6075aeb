// The llama.cpp source tree: bundle, node-llama-cpp's patches, then ours. Two copies are kept: `upstream`, a git clone in
// which patches are applied, and `llama.cpp`, which the compiler sees and where only files that differ are written, so
// that a changed patch recompiles what it touches and nothing else.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hashContent } from "./content.mjs";
import { BuildError } from "./tools.mjs";

const AUTHOR = ["-c", "user.name=longsight", "-c", "user.email=build@localhost", "-c", "core.autocrlf=false"];

function git(args, cwd) {
  const run = spawnSync("git", [...AUTHOR, ...args], { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) throw new BuildError(`git ${args.join(" ")} failed:\n${run.stderr.trim()}`);
  return run.stdout;
}

/** Applies the patches of a folder in the order of their names; `onFailure` gets those that do not apply. */
function applyPatches(dir, suffix, options, cwd, onFailure) {
  const files = existsSync(dir)
    ? readdirSync(dir)
        .filter((name) => name.endsWith(suffix))
        .sort()
    : [];
  for (const name of files) {
    try {
      git(["apply", ...options, path.join(dir, name)], cwd);
    } catch (error) {
      if (onFailure === undefined || !(error instanceof BuildError)) throw error;
      onFailure(name, error.message);
    }
  }
  return files.length;
}

function readJson(file, fallback) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : fallback;
}

/** Makes `to` a clone of the bundle with node-llama-cpp's own patches; without `onFailure` each of them must apply. */
export function cloneBundle(nlcDir, to, onFailure) {
  const bundle = path.join(nlcDir, "gitRelease.bundle");
  if (!existsSync(bundle)) throw new BuildError(`no llama.cpp bundle at ${bundle}. To mend: npm install`);
  git(["-c", "advice.detachedHead=false", "clone", "-q", bundle, to], path.dirname(to));
  applyPatches(path.join(nlcDir, "patches"), ".diff", ["--ignore-whitespace"], to, onFailure);
}

/** Makes `upstream` hold the bundle plus node-llama-cpp's patches, as one commit; true when it had to be made. */
function prepareUpstream(nlcDir, upstream, stamp) {
  const bundle = path.join(nlcDir, "gitRelease.bundle");
  const key = hashContent([], { bundle, patches: path.join(nlcDir, "patches") });
  if (existsSync(path.join(upstream, ".git")) && readJson(stamp, {}).upstream === key) return false;
  rmSync(stamp, { force: true });
  rmSync(upstream, { recursive: true, force: true });
  cloneBundle(nlcDir, upstream);
  git(["commit", "-q", "--allow-empty", "-a", "-m", "base"], upstream);
  writeFileSync(stamp, JSON.stringify({ upstream: key, overlay: [] }));
  return true;
}

/** Writes `to` unless it has the same bytes already. */
function copyIfDifferent(from, to) {
  const bytes = readFileSync(from);
  if (existsSync(to) && readFileSync(to).equals(bytes)) return false;
  mkdirSync(path.dirname(to), { recursive: true });
  writeFileSync(to, bytes);
  return true;
}

/**
 * Brings `<work>/llama.cpp` up to date.
 * @param {{ nlcDir: string, patchDir: string, work: string }} options
 * @returns {{ dir: string, patches: number, written: number }} tree, number of our patches, files rewritten
 * @throws {BuildError} when a patch does not apply
 */
export function prepareTree({ nlcDir, patchDir, work }) {
  const upstream = path.join(work, "upstream");
  const tree = path.join(work, "llama.cpp");
  const stamp = path.join(work, "tree.json");
  mkdirSync(work, { recursive: true });
  const fresh = prepareUpstream(nlcDir, upstream, stamp);

  git(["checkout", "-q", "-f", "."], upstream);
  git(["clean", "-fdqx"], upstream);
  if (fresh || !existsSync(tree)) {
    rmSync(tree, { recursive: true, force: true });
    const gitDir = path.join(upstream, ".git");
    cpSync(upstream, tree, { recursive: true, filter: (from) => from !== gitDir });
  }
  const patches = applyPatches(patchDir, ".patch", ["--unidiff-zero"], upstream);

  const state = readJson(stamp, { overlay: [] });
  const status = git(["status", "--porcelain", "-z", "-uall", "--no-renames"], upstream);
  const overlay = status
    .split("\0")
    .filter((line) => line.length > 3)
    .map((line) => line.slice(3));
  // Recorded before the files are written: after an interruption the next run still knows what may differ.
  const touched = new Set([...overlay, ...state.overlay]);
  writeFileSync(stamp, JSON.stringify({ ...state, overlay: [...touched] }));
  let written = 0;
  for (const file of touched) {
    const from = path.join(upstream, file);
    const to = path.join(tree, file);
    if (existsSync(from)) written += copyIfDifferent(from, to) ? 1 : 0;
    else rmSync(to, { force: true });
  }
  writeFileSync(stamp, JSON.stringify({ ...state, overlay }));
  return { dir: tree, patches, written };
}
