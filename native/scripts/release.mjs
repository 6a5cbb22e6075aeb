// llama.cpp releases as folders of sources: from a node-llama-cpp package, a git repository or bundle, an archive, a folder.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { BuildError } from "./tools.mjs";
import { cloneBundle } from "./tree.mjs";

/**
 * @typedef {{ dir: string, what: string, package: string | null, notes: string[] }} Release `package`: version of the
 *   node-llama-cpp that carries it, when it came with one; notes: what of that package's own patches does not apply
 */

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
  if (result.error !== undefined) throw new BuildError(`${command} cannot be started: ${result.error.message}`);
  if (result.status !== 0) throw new BuildError(`${command} ${args.join(" ")} failed:\n${result.stderr.trim()}`);
  return result.stdout;
}

/** The llama.cpp inside an unpacked node-llama-cpp package. */
export function releaseOfPackage(packageDir, scratch) {
  const nlcDir = path.join(packageDir, "llama");
  const { version } = JSON.parse(readFileSync(path.join(packageDir, "package.json"), "utf8"));
  const { tag } = JSON.parse(readFileSync(path.join(nlcDir, "llama.cpp.info.json"), "utf8"));
  const dir = path.join(scratch, `package-${version}-${readdirSync(scratch).length}`);
  const notes = [];
  cloneBundle(nlcDir, dir, (patch, error) => notes.push(`${patch}, of node-llama-cpp itself: ${error}`));
  return { dir, what: `llama.cpp ${tag} in node-llama-cpp ${version}`, package: version, notes };
}

/** A version is fetched from the registry as npm does it; nothing of the package is run. */
function fetchPackage(version, scratch) {
  const [archive] = JSON.parse(run("npm", ["pack", "--json", `node-llama-cpp@${version}`], scratch));
  return path.join(scratch, archive.filename);
}

/** Unpacks an archive and finds what is in it. */
function unpack(archive, scratch) {
  const to = path.join(scratch, `unpacked-${readdirSync(scratch).length}`);
  mkdirSync(to);
  run("tar", ["-xf", path.resolve(archive), "-C", to]);
  const names = readdirSync(to);
  return names.length === 1 ? path.join(to, names[0]) : to;
}

/** Sources of a tag, branch or commit; a bundle may have no tags. */
function checkOut(repository, revision, scratch) {
  const dir = path.join(scratch, `checkout-${readdirSync(scratch).length}`);
  run("git", ["clone", "-q", "--no-checkout", path.resolve(repository), dir]);
  run("git", ["-c", "advice.detachedHead=false", "checkout", "-q", revision], dir);
  return { dir, what: `llama.cpp ${revision} of ${repository}`, package: null, notes: [] };
}

const isPackage = (dir) => existsSync(path.join(dir, "llama", "gitRelease.bundle"));
const isSources = (dir) => existsSync(path.join(dir, "src", "llama.cpp"));

/**
 * Finds what `source` names; see the usage of upgrade.mjs.
 * @param {string} scratch an empty folder that the caller removes
 * @returns {Release}
 * @throws {BuildError} when it is no release of llama.cpp
 */
export function openRelease(source, scratch) {
  if (/^\d+\.\d+\.\d+/.test(source) && !existsSync(source)) return openRelease(fetchPackage(source, scratch), scratch);
  const [, repository, revision] = /^(.+)@([^@/]+)$/.exec(source) ?? [];
  if (repository !== undefined && existsSync(repository)) return checkOut(repository, revision, scratch);
  if (!existsSync(source)) throw new BuildError(`${source}: there is no such file or folder`);
  if (source.endsWith(".bundle")) return checkOut(source, "HEAD", scratch);
  const dir = statSync(source).isDirectory() ? source : unpack(source, scratch);
  if (isPackage(dir)) return releaseOfPackage(dir, scratch);
  if (isSources(dir)) return { dir, what: `the sources in ${source}`, package: null, notes: [] };
  throw new BuildError(`${source}: neither the sources of llama.cpp nor a node-llama-cpp package with them`);
}
