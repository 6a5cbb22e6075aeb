#!/usr/bin/env node
// Which of our changes to llama.cpp still apply to another release of it, and where.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { examine, formatReport, isFine, writePatches } from "./hooks.mjs";
import { openRelease, releaseOfPackage } from "./release.mjs";
import { BuildError } from "./tools.mjs";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const USAGE = `usage: node native/scripts/upgrade.mjs [SOURCE] [--write]
  SOURCE     the other release; without it the present one is looked at
               3.23.0                    a version of node-llama-cpp, fetched with npm pack
               node-llama-cpp-3.23.0.tgz such a package, or the folder of one
               ../llama.cpp@b7000        a tag, branch or commit of a git repository, or of a bundle
               llama.cpp-b7000.tar.gz    sources of llama.cpp, or a folder with them
  --write    writes the patches as they belong there and, for a version of node-llama-cpp, the pin in package.json
  --patches DIR   (default: native/patches)
Exits with 1 when a hook no longer applies or needs a look.`;

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        write: { type: "boolean", default: false },
        patches: { type: "string", default: path.join(ROOT, "native/patches") },
        help: { type: "boolean", default: false },
      },
    });
    if (positionals.length > 1) throw new Error("one release at a time");
    return { ...values, source: positionals[0] };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

function writePin(version) {
  const file = path.join(ROOT, "package.json");
  const text = readFileSync(file, "utf8");
  const pinned = text.replace(/("node-llama-cpp": )"[^"]*"/, `$1"${version}"`);
  if (pinned === text) return;
  writeFileSync(file, pinned);
  console.log(`written: package.json pins node-llama-cpp ${version}. To go on: npm install, npm test`);
}

function main({ source, write, patches: patchDir }) {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "longsight-upgrade-"));
  try {
    const pinned = releaseOfPackage(path.join(ROOT, "node_modules/node-llama-cpp"), scratch);
    const other = source === undefined ? pinned : openRelease(source, scratch);
    console.log(
      `${source === undefined ? "the pin" : `from ${pinned.what} to`} ${source === undefined ? pinned.what : other.what}`,
    );
    for (const note of other.notes) console.log(`NO LONGER APPLIES: ${note}`);
    const patches = examine(patchDir, pinned, other);
    console.log(formatReport(patches));
    const fine = isFine(patches) && other.notes.length === 0;
    if (write && !fine)
      throw new BuildError("nothing is written while a hook does not apply: mend it in patches/ first");
    if (write) {
      for (const file of writePatches(patchDir, patches)) console.log(`written: ${file}`);
      if (other.package !== null) writePin(other.package);
      else console.log("package.json is left alone: no node-llama-cpp came with this release");
    }
    return fine ? 0 : 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  try {
    process.exitCode = main(options);
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`upgrade: ${error.message}`);
    process.exitCode = 1;
  }
}
