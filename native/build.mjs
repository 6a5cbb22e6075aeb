#!/usr/bin/env node
// Builds everything native from the llama.cpp bundle inside node-llama-cpp, offline, or finds that there is nothing to do.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { hashContent } from "./scripts/content.mjs";
import { cpuVariants } from "./scripts/cpu.mjs";
import * as installed from "./scripts/install.mjs";
import { withLock } from "./scripts/lock.mjs";
import { compile, configure } from "./scripts/ninja.mjs";
import { cmakeOptions, readOptions, USAGE } from "./scripts/options.mjs";
import { BuildError, checkTools } from "./scripts/tools.mjs";
import { prepareTree } from "./scripts/tree.mjs";

const NATIVE = path.dirname(fileURLToPath(import.meta.url));
const WORK = path.join(NATIVE, "build");
function locatePackages() {
  const folder = (name) => {
    const dir = path.join(path.dirname(NATIVE), "node_modules", name);
    if (!existsSync(dir)) throw new BuildError(`the package ${name} is not installed. To mend: npm install`);
    return dir;
  };
  return {
    nlcDir: path.join(folder("node-llama-cpp"), "llama"),
    nodeAddonApi: folder("node-addon-api"),
    nodeApiHeaders: folder("node-api-headers"),
  };
}

/** Hashes of everything that the binaries depend on; the tests change the content hash but not the build id. */
function hashInputs(packages, flags, compiler) {
  const glibc = process.report.getReport().header.glibcVersionRuntime ?? null;
  const version = (dir) => JSON.parse(readFileSync(path.join(dir, "package.json"), "utf8")).version;
  const facts = [process.platform, process.arch, glibc, compiler, flags];
  const buildId = hashContent([...facts, version(packages.nodeAddonApi), version(packages.nodeApiHeaders)], {
    bundle: path.join(packages.nlcDir, "gitRelease.bundle"),
    nlcPatches: path.join(packages.nlcDir, "patches"),
    nlcAddon: path.join(packages.nlcDir, "addon"),
    cmake: path.join(NATIVE, "CMakeLists.txt"),
    patches: path.join(NATIVE, "patches"),
    esa: path.join(NATIVE, "esa"),
    cuda: path.join(NATIVE, "cuda"),
    rpc: path.join(NATIVE, "rpc"),
    addon: path.join(NATIVE, "addon"),
  });
  return { buildId, contentHash: hashContent([buildId], { test: path.join(NATIVE, "test") }) };
}

/**
 * What node-llama-cpp wants to know about a build; see its `_nlcBuildMetadata.json`. `gpu` is false for every build: the
 * engine loads the backends that it wants before node-llama-cpp starts, which then takes what is there.
 */
function nlcMetadata(nlcDir) {
  const platforms = { linux: "linux", darwin: "mac", win32: "win" };
  const info = JSON.parse(readFileSync(path.join(nlcDir, "llama.cpp.info.json"), "utf8"));
  return {
    customCmakeOptions: {},
    progressLogs: false,
    platform: platforms[process.platform],
    platformInfo: { name: process.platform, version: "" },
    arch: process.arch,
    gpu: false,
    llamaCpp: { repo: info.llamaCppGithubRepo, release: info.tag },
  };
}

/** Prints one line per step; on a terminal the compiler's progress rewrites its line. */
function makeReporter(quiet, steps) {
  let step = 0;
  let last = "";
  const isTerminal = process.stdout.isTTY === true;
  return {
    step(text) {
      if (quiet) return;
      if (isTerminal && last !== "") process.stdout.write("\n");
      last = "";
      console.log(`[${++step}/${steps}] ${text}`);
    },
    progress(text) {
      if (quiet) return;
      const tenth = (counts) => Math.floor((10 * parseInt(counts, 10)) / parseInt(counts.split(" of ")[1] ?? "1", 10));
      if (isTerminal) process.stdout.write(`\r\x1b[K      ${text}`);
      else if (last === "" || tenth(text) !== tenth(last)) console.log(`      ${text}`);
      last = text;
    },
  };
}

/**
 * Copies what CMake lists in outputs.txt into a clean folder. GPU backends go into gpu/, so that an engine that was told to
 * use the CPU never loads a driver, the client of RPC servers into rpc/; tests go into test/.
 */
function collectOutputs(buildDir, to) {
  rmSync(to, { recursive: true, force: true });
  const bin = path.join(buildDir, "bin");
  for (const file of readFileSync(path.join(buildDir, "outputs.txt"), "utf8").split("\n").filter(Boolean)) {
    const name = path.basename(file);
    const folder = /ggml-(cuda|vulkan|metal)\./.test(name) ? "gpu" : /ggml-rpc\./.test(name) ? "rpc" : "";
    const copy = path.join(to, folder, path.relative(bin, file));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
}

/** Everything that one build is: what it is made of, and where it goes. */
function describe(options) {
  const packages = locatePackages();
  const variants = cpuVariants(options.portable);
  const flags = cmakeOptions(options, variants);
  const { compiler } = checkTools(options.backend);
  const { buildId, contentHash } = hashInputs(packages, flags, compiler);
  const flavour = [options.backend, options.portable && "portable", options.sanitize && "sanitize"]
    .filter(Boolean)
    .join("-");
  const folder = installed.folderName(flavour, contentHash);
  const target = options.sanitize ? path.join(WORK, flavour, "out") : installed.releaseDir(packages.nlcDir, folder);
  return { options, packages, variants, flags, buildId, contentHash, flavour, folder, target };
}

function finish(job, from) {
  if (job.options.sanitize) return;
  const { nlcDir } = job.packages;
  installed.install(from, nlcDir, job.folder, nlcMetadata(nlcDir));
  installed.removeOldBuilds(nlcDir, job.folder, 2);
}

function say(job, text) {
  if (!job.options.quiet) console.log(`native build ${job.buildId.slice(0, 12)} (${job.flavour}) ${text}`);
}

/** True when the build is installed and intact. */
function isInstalled(job) {
  if (!installed.isIntact(job.target, job.contentHash)) return false;
  finish(job, job.target);
  say(job, `is up to date: ${job.target}`);
  return true;
}

/** Takes the build from the user's cache; false when it is not there. */
function takeFromCache(job) {
  if (!job.options.cache || job.options.sanitize) return false;
  const cached = installed.findInCache(job.contentHash);
  if (cached === null) return false;
  finish(job, cached);
  say(job, `taken from ${cached}`);
  return true;
}

/** Builds, and again when sources changed meanwhile: what is installed is what its hash says. */
async function make(first) {
  const started = Date.now();
  let job = first;
  for (;;) {
    await compileOnce(job);
    const now = describe(job.options);
    if (now.contentHash === job.contentHash) break;
    say(job, "is out of date already: sources changed meanwhile, once more");
    job = now;
  }
  const out = path.join(WORK, job.flavour, "out");
  collectOutputs(path.join(WORK, job.flavour, "cmake"), out);
  const { contentHash, buildId, variants, options } = job;
  const { backend, portable } = options;
  installed.writeManifest(out, { contentHash, buildId, backend, portable, variants });
  finish(job, out);
  if (options.cache && !options.sanitize) {
    try {
      installed.addToCache(out, contentHash);
    } catch (error) {
      console.error(`the build could not be kept in ${installed.cacheDir()}: ${error.message}`);
    }
  }
  say(job, `made in ${Math.round((Date.now() - started) / 1000)} s: ${job.target}`);
}

async function compileOnce({ options, packages, variants, flags, buildId, flavour }) {
  const report = makeReporter(options.quiet, 3);
  report.step("llama.cpp: unpack and patch");
  const { nlcDir } = packages;
  const tree = prepareTree({ nlcDir, patchDir: path.join(NATIVE, "patches"), work: WORK });

  report.step(`configure (${flavour}; CPU variants: ${variants.join(", ") || "all"})`);
  const buildDir = path.join(WORK, flavour, "cmake");
  const generated = path.join(WORK, flavour, "generated");
  writeBuildId(generated, buildId);
  configure(NATIVE, buildDir, [
    ...flags,
    `-DLLAMA_SRC=${tree.dir}`,
    `-DNLC_DIR=${nlcDir}`,
    `-DNAPI_INCLUDES=${packages.nodeAddonApi};${path.join(packages.nodeApiHeaders, "include")}`,
    `-DNODE_API_DEF=${path.join(packages.nodeApiHeaders, "def", "node_api.def")}`,
    `-DGENERATED_DIR=${generated}`,
  ]);

  report.step(`compile (${options.jobs} at a time; about 10 minutes on two cores from nothing)`);
  await compile(buildDir, "longsight-all", options.jobs, report.progress);
}

/** The build id as a header; untouched when it is the same, so that nothing is compiled again for it. */
function writeBuildId(dir, buildId) {
  const file = path.join(dir, "longsight-build-id.h");
  const text = `#pragma once\n#define LONGSIGHT_BUILD_ID "${buildId}"\n`;
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, text);
}

// Ending on a signal goes through "exit" too: it releases the lock and stops the compiler.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
]) {
  process.once(signal, () => process.exit(code));
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  try {
    const onWait = (pid) => console.error(`another native build (process ${pid}) is running here; waiting for it`);
    if (!isInstalled(describe(options))) {
      await withLock(path.join(WORK, "lock"), onWait, async () => {
        const job = describe(options); // whoever held the lock may have built it
        if (!isInstalled(job) && !takeFromCache(job)) await make(job);
      });
    }
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`native build: ${error.message}`);
    process.exitCode = 1;
  }
}
