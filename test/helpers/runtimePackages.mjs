// Which files of which packages node-llama-cpp needs at run time: what esbuild reaches from its entry point.
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";
import { SetupError } from "./steps.mjs";

const LLAMA = "node_modules/node-llama-cpp";

/** Folder of the package that a file below node_modules belongs to, relative to the checkout; null for other files. */
export function packageOf(file) {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? null;
}

/**
 * @returns {Promise<string[]>} files that importing node-llama-cpp can load, relative to the checkout, sorted
 */
export async function runtimeFiles() {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    stdin: { contents: 'export * from "node-llama-cpp";', resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    outdir: "unused",
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["@node-llama-cpp/*", "@reflink/*"], // prebuilt binaries and a speed-up, loaded only when they are there
    logLevel: "silent",
  });
  return Object.keys(metafile.inputs)
    .filter((file) => packageOf(file) !== null)
    .sort();
}

/** Licence files of a package folder, absolute. */
export function licenceFiles(dir) {
  return readdirSync(dir)
    .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name) && !/\.(js|ts|json)$/.test(name))
    .sort()
    .map((name) => path.join(dir, name));
}

/** All package.json of a package: those of inner folders say whether a file is a module. */
function manifestsOf(dir) {
  return readdirSync(path.join(root, dir), { recursive: true })
    .filter((name) => path.basename(name) === "package.json" && !name.includes("node_modules"))
    .map((name) => path.join(dir, name));
}

function copy(file, to) {
  mkdirSync(path.dirname(path.join(to, file)), { recursive: true });
  copyFileSync(path.join(root, file), path.join(to, file));
}

/**
 * Copies the run-time packages and the native build into `<to>/node_modules`.
 * @throws {SetupError} when there is no native build
 */
export async function stageRuntime(to) {
  const files = await runtimeFiles();
  const packages = [...new Set(files.map(packageOf))];
  for (const file of files) copy(file, to);
  for (const dir of packages) {
    for (const file of manifestsOf(dir)) copy(file, to);
    for (const file of licenceFiles(path.join(root, dir))) copy(path.relative(root, file), to);
  }
  // node-llama-cpp starts some of its own modules in child processes, which no import shows.
  cpSync(path.join(root, LLAMA, "dist"), path.join(to, LLAMA, "dist"), {
    recursive: true,
    filter: (from) =>
      !/\.(d\.ts|map|tsbuildinfo)$/.test(from) && path.relative(path.join(root, LLAMA), from) !== "dist/cli",
  });
  stageNative(to);
  return packages;
}

/** The native build that lastBuild.json names, without its tests. */
function stageNative(to) {
  const llama = path.join(root, LLAMA, "llama");
  const pointer = path.join(llama, "lastBuild.json");
  if (!existsSync(pointer)) throw new SetupError("There is no native build. Run: npm run build:native");
  const { folderName } = JSON.parse(readFileSync(pointer, "utf8"));
  for (const name of ["lastBuild.json", "llama.cpp.info.json", "binariesGithubRelease.json", "package.json"]) {
    copy(path.relative(root, path.join(llama, name)), to);
  }
  const build = path.join(llama, "localBuilds", folderName);
  const tests = path.join(build, "Release", "test");
  cpSync(build, path.join(to, path.relative(root, build)), { recursive: true, filter: (from) => from !== tests });
}

/** The manifest of the current native build: its name stands for all of its content. */
export function nativeBuildName() {
  const pointer = path.join(root, LLAMA, "llama/lastBuild.json");
  return existsSync(pointer) ? JSON.parse(readFileSync(pointer, "utf8")).folderName : null;
}
