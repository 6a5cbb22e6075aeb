// Our changes to llama.cpp, hook by hook, looked for in another release.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { listFiles } from "./content.mjs";
import { applyToBoth, formatPatch, parsePatch } from "./hunks.mjs";
import { BuildError } from "./tools.mjs";

/** Files of a release as lists of lines, kept as patches change them. */
function openFiles(dir) {
  const open = new Map();
  return (file) => {
    if (!open.has(file)) {
      const at = path.join(dir, file);
      open.set(file, existsSync(at) ? readFileSync(at, "utf8").split(/\r?\n/) : null);
    }
    return open.get(file);
  };
}

/** Where a file that is gone may have moved to. */
function sameName(dir, file) {
  const found = listFiles(dir).filter((name) => path.posix.basename(name) === path.posix.basename(file));
  return found.length === 0 ? "the file is gone" : `the file is gone; of that name there is ${found.join(", ")}`;
}

/** Looks for every hook of every patch, in the order in which they are applied. */
export function examine(patchDir, pinned, other) {
  const here = openFiles(pinned.dir);
  const there = openFiles(other.dir);
  return readdirSync(patchDir)
    .filter((name) => name.endsWith(".patch"))
    .sort()
    .map((name) => {
      const patch = parsePatch(readFileSync(path.join(patchDir, name), "utf8"));
      const files = patch.files.map((file) => {
        const lines = here(file.path);
        if (lines === null) throw new BuildError(`${name}: ${file.path} is not in ${pinned.what}`);
        const hooks = applyToBoth(file, lines, there(file.path));
        return { file, hooks, note: there(file.path) === null ? sameName(other.dir, file.path) : "" };
      });
      return { name, patch, files };
    });
}

const STATES = { applies: "applies", look: "NEEDS A LOOK", broken: "NO LONGER APPLIES" };

export const isFine = (patches) =>
  patches.every(({ files }) => files.every(({ hooks }) => hooks.every(({ state }) => state === "applies")));

/** The patches, file by file and hook by hook, for people. */
export function formatReport(patches) {
  const count = { applies: 0, look: 0, broken: 0 };
  const text = [];
  const say = (line) => text.push(line);
  for (const { name, files } of patches) {
    say(`\n${name}`);
    for (const { file, hooks, note } of files) {
      say(`  ${file.path}${note === "" ? "" : `: ${note}`}`);
      for (const { hunk, state, why, line, moved } of hooks) {
        count[state]++;
        const first = hunk.lines.find(({ kind }) => kind !== " ")?.text.trim() || hunk.lines[0].text.trim();
        const where =
          state === "broken" ? `was at line ${hunk.oldStart}` : `line ${line}${moved ? `, moved by ${moved}` : ""}`;
        say(`    ${STATES[state]}: ${where}${hunk.section ? `, in ${hunk.section}` : ""}`);
        if (state !== "applies")
          say(
            `      it writes: ${hunk.lines.find(({ kind, text }) => kind === "+" && text.trim() !== "")?.text.trim() ?? first}`,
          );
        if (state !== "applies" && why !== "") say(why.replace(/^/gm, "      "));
      }
    }
  }
  say(`\n${count.applies} hooks apply, ${count.look} need a look, ${count.broken} no longer apply.`);
  return text.join("\n");
}

/** Writes the patches with the line numbers of the other release; returns the files that have changed. */
export function writePatches(patchDir, patches) {
  return patches.flatMap(({ name, patch, files }) => {
    const rebased = files.map(({ file, hooks }) => ({ ...file, hunks: hooks.map((hook) => hook.rebased) }));
    const target = path.join(patchDir, name);
    const text = formatPatch({ ...patch, files: rebased });
    if (readFileSync(target, "utf8") === text) return [];
    writeFileSync(target, text);
    return [target];
  });
}
