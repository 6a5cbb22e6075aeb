// Writes THIRD_PARTY_NOTICES.md from what ships in the VSIX; --check only says whether it is up to date.
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";
import { licenceFiles, packageOf, runtimeFiles } from "./runtimePackages.mjs";
import { main, run, SetupError } from "./steps.mjs";

const FILE = path.join(root, "THIRD_PARTY_NOTICES.md");
/** Compiled from the git bundle in node-llama-cpp, which holds these texts in LICENSE and licenses/. */
const LLAMA_CPP = {
  name: "llama.cpp (with ggml)",
  version: () =>
    JSON.parse(readFileSync(path.join(root, "node_modules/node-llama-cpp/llama/llama.cpp.info.json"), "utf8")).tag,
  licence: "MIT",
  texts: [path.join(root, "test/helpers/licences/llama.cpp.txt")],
};

/** Ships as files, which no bundle shows: compiled grammars, whose licences are not in the package. */
const GRAMMARS = "node_modules/@vscode/tree-sitter-wasm";
const LICENCES = path.join(root, "test/helpers/licences");

function grammarNotices() {
  const { version } = describe(GRAMMARS);
  const files = readdirSync(LICENCES).filter((name) => name.startsWith("tree-sitter-"));
  return files.map((file) => {
    const text = readFileSync(path.join(LICENCES, file), "utf8");
    return {
      name: `${path.parse(file).name}, compiled in @vscode/tree-sitter-wasm`,
      version,
      licence: text.includes("Apache License") ? "Apache-2.0" : "MIT",
      texts: [path.join(LICENCES, file)],
    };
  });
}

/** Folders of all packages that ship: bundled by esbuild, or beside the bundles because node-llama-cpp needs them. */
async function shippedPackages() {
  const list = path.join(root, "dist", `inputs-${process.pid}.txt`);
  const scratch = path.join(root, "dist", `notices-${process.pid}`);
  try {
    await run(process.execPath, ["esbuild.js", "--outdir", scratch, "--inputs", list], { cwd: root });
    const bundled = readFileSync(list, "utf8").trim().split("\n");
    const dirs = [...bundled, ...(await runtimeFiles())].map(packageOf).filter((dir) => dir !== null);
    return [...new Set(dirs)].sort();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(list, { force: true });
  }
}

function describe(dir) {
  const manifest = JSON.parse(readFileSync(path.join(root, dir, "package.json"), "utf8"));
  const { name, version, license } = manifest;
  if (typeof license !== "string") throw new SetupError(`${dir}/package.json names no licence.`);
  return { name, version, licence: license, texts: licenceFiles(path.join(root, dir)) };
}

function section({ name, version, licence, texts }) {
  const body = texts.map((file) => readFileSync(file, "utf8").replaceAll("\r\n", "\n").trim());
  const text = body.length > 0 ? body.join("\n\n") : `Licence: ${licence}. The package carries no licence text.`;
  return `## ${name} ${version} (${licence})\n\n\`\`\`text\n${text.replaceAll("```", "'''")}\n\`\`\`\n`;
}

/** @returns {Promise<string>} the whole file */
export async function thirdPartyNotices() {
  const packages = (await shippedPackages()).map(describe);
  packages.push(describe(GRAMMARS), ...grammarNotices(), { ...LLAMA_CPP, version: LLAMA_CPP.version() });
  const seen = new Map(packages.map((entry) => [`${entry.name} ${entry.version}`, entry]));
  const sorted = [...seen.values()].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1,
  );
  return (
    "# Third-party notices\n\n" +
    "Longsight ships the software below. This file is written by `npm run notices`; a test compares it with what ships.\n\n" +
    sorted.map(section).join("\n")
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  void main(async () => {
    const text = await thirdPartyNotices();
    if (!process.argv.includes("--check")) {
      writeFileSync(FILE, text);
      console.log(`wrote ${FILE}: ${text.split("\n## ").length - 1} packages`);
      return 0;
    }
    if (readFileSync(FILE, "utf8") === text) return 0;
    throw new SetupError("THIRD_PARTY_NOTICES.md is out of date. Run: npm run notices");
  });
}
