// Where finished builds live: in node-llama-cpp's folder for local builds, and in the user's cache by content.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { hashFile, listFiles } from "./content.mjs";

export const MANIFEST = "longsight-build.json";
const KEPT_IN_CACHE = 4;

/** Folder for finished builds of this user, by content hash. */
export function cacheDir() {
  const home = os.homedir();
  const root =
    process.platform === "darwin"
      ? path.join(home, "Library", "Caches")
      : process.platform === "win32"
        ? (process.env.LOCALAPPDATA ?? path.join(home, "AppData", "Local"))
        : process.env.XDG_CACHE_HOME || path.join(home, ".cache");
  return path.join(root, "longsight", "native");
}

/** Writes the manifest of a finished folder: what it was made of and the checksum of every file. */
export function writeManifest(dir, facts) {
  const files = listFiles(dir)
    .filter((file) => file !== MANIFEST)
    .map((file) => ({ path: file, sha256: hashFile(path.join(dir, file)) }));
  writeFileSync(path.join(dir, MANIFEST), `${JSON.stringify({ ...facts, files }, null, 2)}\n`);
}

/** True when `dir` holds the build with this content hash and every file still has its checksum. */
export function isIntact(dir, contentHash) {
  try {
    const manifest = JSON.parse(readFileSync(path.join(dir, MANIFEST), "utf8"));
    return (
      manifest.contentHash === contentHash &&
      manifest.files.length > 0 &&
      manifest.files.every((file) => hashFile(path.join(dir, file.path)) === file.sha256)
    );
  } catch {
    return false; // missing or unreadable: the same as not there, and built again
  }
}

/** Copies a folder so that it is there completely or not at all. */
export function placeFolder(from, to) {
  const beside = `${to}.${process.pid}`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(from, beside, { recursive: true });
  rmSync(to, { recursive: true, force: true });
  renameSync(beside, to);
}

/** Puts a finished folder into the user's cache and drops the oldest ones. A full disk only costs the cache. */
export function addToCache(from, contentHash) {
  const dir = cacheDir();
  placeFolder(from, path.join(dir, contentHash));
  const entries = readdirSync(dir)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((name) => ({ name, used: statSync(path.join(dir, name)).mtimeMs }))
    .sort((a, b) => b.used - a.used);
  for (const { name } of entries.slice(KEPT_IN_CACHE)) rmSync(path.join(dir, name), { recursive: true, force: true });
}

/** Folder of a cached build that is intact, or null. */
export function findInCache(contentHash) {
  const dir = path.join(cacheDir(), contentHash);
  if (!isIntact(dir, contentHash)) return null;
  const now = new Date();
  utimesSync(dir, now, now);
  return dir;
}

/** Name of the folder below localBuilds for one build. */
export function folderName(flavour, contentHash) {
  return `longsight-${process.platform}-${process.arch}-${flavour}-${contentHash.slice(0, 12)}`;
}

/** node-llama-cpp's folder that holds the shared objects of one build. */
export function releaseDir(nlcDir, folder) {
  return path.join(nlcDir, "localBuilds", folder, "Release");
}

/**
 * Installs `from` as the build that getLlama("lastBuild") loads. Every build has a folder of its own and `lastBuild.json`
 * is switched over last, so a process that starts meanwhile sees the old build or the new one.
 */
export function install(from, nlcDir, folder, metadata) {
  const release = releaseDir(nlcDir, folder);
  if (path.resolve(from) !== path.resolve(release)) placeFolder(from, release);
  replaceFile(path.join(release, "_nlcBuildMetadata.json"), JSON.stringify({ buildOptions: metadata }));
  replaceFile(path.join(path.dirname(release), "buildDone.status"), "");
  replaceFile(path.join(nlcDir, "lastBuild.json"), `${JSON.stringify({ folderName: folder }, null, 4)}\n`);
}

/** Written beside and renamed: whoever reads it meanwhile gets the old text or the new one. */
function replaceFile(file, text) {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** Removes our older builds below localBuilds, except the newest `keep`. */
export function removeOldBuilds(nlcDir, current, keep) {
  const dir = path.join(nlcDir, "localBuilds");
  if (!existsSync(dir)) return;
  const old = readdirSync(dir)
    .filter((name) => name.startsWith("longsight-") && name !== current)
    .map((name) => ({ name, made: statSync(path.join(dir, name)).mtimeMs }))
    .sort((a, b) => b.made - a.made);
  for (const { name } of old.slice(keep)) rmSync(path.join(dir, name), { recursive: true, force: true });
}
