#!/usr/bin/env node
// Builds everything native from the llama.cpp bundle inside node-llama-cpp, offline, or finds that there is nothing to do.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hashContent } from "./scripts/content.mjs";
import { cpuVariants } from "./scripts/cpu.mjs";
import * as installed from "./scripts/install.mjs";
import { withLock } from "./scripts/lock.mjs";
import { compile, configure, defaultJobs } from "./scripts/ninja.mjs";
import { BuildError, checkTools } from "./scripts/tools.mjs";
import { prepareTree } from "./scripts/tree.mjs";

const NATIVE = path.dirname(fileURLToPath(import.meta.url));
const WORK = path.join(NATIVE, "build");
const BACKENDS = ["cpu", "cuda", "vulkan", "metal"];
const USAGE = `usage: node native/build.mjs [options]
  --backend cpu|cuda|vulkan|metal   what computes, besides the CPU (default: metal on Apple silicon, else cpu)
  --portable     all CPU variants and GPU architectures, for a package that runs on other machines
  --sanitize     libraries and tests with AddressSanitizer, under native/build; nothing is installed
  --jobs N       compilers at a time (default: what cores and memory allow)
  --no-cache     neither take the finished build from the user's cache nor put it there
  --quiet        print errors only`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        backend: {
          type: "string",
          default: process.platform === "darwin" && process.arch === "arm64" ? "metal" : "cpu",
        },
        portable: { type: "boolean", default: false },
        sanitize: { type: "boolean", default: false },
        jobs: { type: "string" },
        "no-cache": { type: "boolean", default: false },
        quiet: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const jobs = values.jobs === undefined ? defaultJobs() : Number(values.jobs);
    if (!BACKENDS.includes(values.backend))
      throw new Error(`--backend ${values.backend}: one of ${BACKENDS.join(", ")}`);
    if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs ${values.jobs}: a whole number above 0`);
    return { ...values, jobs, cache: !values["no-cache"] };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

/** CMake options that decide what the binaries are. */
function cmakeOptions({ backend, portable, sanitize }, variants) {
  const on = (name, value) => `-D${name}=${value ? "ON" : "OFF"}`;
  return [
    `-DCMAKE_BUILD_TYPE=${sanitize ? "RelWithDebInfo" : "Release"}`,
    on("BUILD_SHARED_LIBS", true),
    on("GGML_NATIVE", false),
    on("GGML_BACKEND_DL", true),
    on("GGML_CPU_ALL_VARIANTS", true),
    `-DGGML_CPU_VARIANTS=${variants.join(";")}`,
    on("GGML_OPENMP", false),
    on("GGML_CCACHE", false),
    on("GGML_BLAS", false),
    on("GGML_CUDA", backend === "cuda"),
    on("GGML_VULKAN", backend === "vulkan"),
    on("GGML_METAL", backend === "metal"),
    ...(backend === "metal" ? [on("GGML_METAL_EMBED_LIBRARY", true)] : []),
    ...(backend === "cuda" && !portable ? ["-DCMAKE_CUDA_ARCHITECTURES=native"] : []),
    ...["LLAMA_CURL", "LLAMA_OPENSSL", "LLAMA_HTTPLIB", "LLAMA_BUILD_BORINGSSL"].map((name) => on(name, false)),
    ...["LLAMA_BUILD_TESTS", "LLAMA_BUILD_TOOLS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_SERVER", "LLAMA_BUILD_APP"].map(
      (name) => on(name, false),
    ),
    on("LLAMA_BUILD_COMMON", !sanitize),
    on("LONGSIGHT_ADDONS", !sanitize),
    "-DLLAMA_BUILD_NUMBER=1",
    "-DLLAMA_BUILD_COMMIT=longsight",
    ...(sanitize ? [on("LLAMA_SANITIZE_ADDRESS", true), on("GGML_SANITIZE_ADDRESS", true)] : []),
  ];
}

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
 * use the CPU never loads a driver; tests go into test/.
 */
function collectOutputs(buildDir, to) {
  rmSync(to, { recursive: true, force: true });
  const bin = path.join(buildDir, "bin");
  for (const file of readFileSync(path.join(buildDir, "outputs.txt"), "utf8").split("\n").filter(Boolean)) {
    const isGpu = /ggml-(cuda|vulkan|metal)\./.test(path.basename(file));
    const copy = path.join(to, isGpu ? "gpu" : "", path.relative(bin, file));
    mkdirSync(path.dirname(copy), { recursive: true });
    copyFileSync(file, copy);
  }
}

async function build(options) {
  const packages = locatePackages();
  const { nlcDir } = packages;
  const variants = cpuVariants(options.portable);
  const flags = cmakeOptions(options, variants);
  const { compiler } = checkTools();
  const { buildId, contentHash } = hashInputs(packages, flags, compiler);
  const flavour = [options.backend, options.portable && "portable", options.sanitize && "sanitize"]
    .filter(Boolean)
    .join("-");
  const folder = installed.folderName(flavour, contentHash);
  const target = options.sanitize ? path.join(WORK, flavour, "out") : installed.releaseDir(nlcDir, folder);
  const metadata = nlcMetadata(nlcDir);
  const say = (text) => options.quiet || console.log(text);
  const finish = (from) => {
    if (options.sanitize) return;
    installed.install(from, nlcDir, folder, metadata);
    installed.removeOldBuilds(nlcDir, folder, 2);
  };

  if (installed.isIntact(target, contentHash)) {
    finish(target);
    return say(`native build ${buildId.slice(0, 12)} (${flavour}) is up to date: ${target}`);
  }
  const cached = options.cache && !options.sanitize ? installed.findInCache(contentHash) : null;
  if (cached !== null) {
    finish(cached);
    return say(`native build ${buildId.slice(0, 12)} (${flavour}) taken from ${cached}`);
  }

  const started = Date.now();
  const report = makeReporter(options.quiet, 4);
  report.step("llama.cpp: unpack and patch");
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

  report.step("install");
  const out = path.join(WORK, flavour, "out");
  collectOutputs(buildDir, out);
  installed.writeManifest(out, {
    contentHash,
    buildId,
    backend: options.backend,
    portable: options.portable,
    variants,
  });
  finish(out);
  if (options.cache && !options.sanitize) {
    try {
      installed.addToCache(out, contentHash);
    } catch (error) {
      console.error(`the build could not be kept in ${installed.cacheDir()}: ${error.message}`);
    }
  }
  say(
    `native build ${buildId.slice(0, 12)} (${flavour}) made in ${Math.round((Date.now() - started) / 1000)} s: ${target}`,
  );
}

/** The build id as a header; untouched when it is the same, so that nothing is compiled again for it. */
function writeBuildId(dir, buildId) {
  const file = path.join(dir, "longsight-build-id.h");
  const text = `#pragma once\n#define LONGSIGHT_BUILD_ID "${buildId}"\n`;
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, text);
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  try {
    const onWait = (pid) => console.error(`another native build (process ${pid}) is running here; waiting for it`);
    await withLock(path.join(WORK, "lock"), onWait, () => build(options));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`native build: ${error.message}`);
    process.exitCode = 1;
  }
}
