// Makes dist/longsight-<platform>.vsix: bundles, the run-time packages of node-llama-cpp, and the native build.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { platform, root, vsix } from "./paths.mjs";
import { nativeBuildName, stageRuntime } from "./runtimePackages.mjs";
import { main, run, SetupError } from "./steps.mjs";

const STAGE = path.join(root, "dist/stage");
const STAMP = `${vsix}.stamp`;
/** What ships as it is. */
const PLAIN = ["README.md", "CHANGELOG.md", "LICENSE", "THIRD_PARTY_NOTICES.md", ".vscodeignore"];
const FOLDERS = ["media", "l10n"];
const localised = () => readdirSync(root).filter((name) => /^package\.nls(\.[\w-]+)?\.json$/.test(name));

/** Hash over all that the archive is made of. */
function inputHash() {
  const hash = createHash("sha256").update(`${nativeBuildName()} ${platform}`);
  const names = [
    ...PLAIN,
    ...localised(),
    "package.json",
    "package-lock.json",
    "esbuild.js",
    "test/helpers/package.mjs",
  ];
  const files = [...names, "test/helpers/runtimePackages.mjs"].map((name) => path.join(root, name));
  for (const dir of ["src", ...FOLDERS]) {
    const entries = readdirSync(path.join(root, dir), { recursive: true, withFileTypes: true });
    files.push(
      ...entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name)),
    );
  }
  for (const file of files.sort()) hash.update(`\n${path.relative(root, file)}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

/** The manifest as it ships: without what only a checkout needs. */
function stageManifest() {
  const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  for (const key of ["scripts", "mocha", "dependencies", "devDependencies"]) delete manifest[key];
  writeFileSync(path.join(STAGE, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Builds and packages unless the archive is up to date.
 * @returns {Promise<{ file: string, fresh: boolean, bytes: number }>}
 * @throws {SetupError}
 */
export async function packageVsix() {
  const wanted = inputHash();
  const fresh = !(existsSync(vsix) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted);
  if (fresh) await makeVsix();
  if (fresh) writeFileSync(STAMP, wanted);
  return { file: vsix, fresh, bytes: statSync(vsix).size };
}

async function makeVsix() {
  rmSync(STAMP, { force: true });
  rmSync(STAGE, { recursive: true, force: true });
  mkdirSync(STAGE, { recursive: true });
  await run(process.execPath, ["esbuild.js", "--production", "--outdir", path.join(STAGE, "dist")], { cwd: root });
  for (const name of [...PLAIN, ...localised()]) copyFileSync(path.join(root, name), path.join(STAGE, name));
  for (const dir of FOLDERS) cpSync(path.join(root, dir), path.join(STAGE, dir), { recursive: true });
  stageManifest();
  // Beside the bundles and not at the root: vsce never packs a node_modules at the root with --no-dependencies.
  await stageRuntime(path.join(STAGE, "dist"));
  const beside = `${vsix}.${process.pid}`;
  const vsce = path.join(root, "node_modules/@vscode/vsce/vsce");
  const options = ["--no-dependencies", "--allow-missing-repository", "--target", platform, "--out", beside];
  await run(process.execPath, [vsce, "package", ...options], { cwd: STAGE });
  renameSync(beside, vsix);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  void main(async () => {
    if (nativeBuildName() === null) throw new SetupError("There is no native build. Run: npm run build:native");
    const { file, fresh, bytes } = await packageVsix();
    console.log(`${path.relative(root, file)}: ${(bytes / 1e6).toFixed(1)} MB${fresh ? "" : ", up to date"}`);
    return 0;
  });
}
