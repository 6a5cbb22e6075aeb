// Where the changes of a patch belong in another release. Patches here have no context lines, so the lines around each change are
// taken from the release that the patch was made for, and looked for in the other one.

/** Lines on either side of a change that are looked for. */
const AROUND = 3;

/**
 * @typedef {{ kind: " " | "-" | "+", text: string }} Line
 * @typedef {{ oldStart: number, oldLines: number, newStart: number, newLines: number, section: string, lines: Line[] }} Hunk
 * @typedef {{ path: string, head: string[], hunks: Hunk[] }} FilePatch
 */

/**
 * Reads a patch as `git diff` writes it; `preamble` is what stands before the first file.
 * @returns {{ preamble: string[], files: FilePatch[] }}
 */
export function parsePatch(text) {
  const preamble = [];
  const files = [];
  let left = { "-": 0, "+": 0 };
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const file = files.at(-1);
    const hunk = file?.hunks.at(-1);
    if (hunk !== undefined && left["-"] + left["+"] > 0) {
      const kind = line[0] ?? " ";
      if (kind !== "\\") hunk.lines.push({ kind, text: line.slice(1) });
      if (kind !== "+") left["-"]--;
      if (kind !== "-") left["+"]--;
    } else if (line.startsWith("diff --git ")) {
      files.push({ path: line.slice(line.lastIndexOf(" b/") + 3), head: [line], hunks: [] });
    } else if (file === undefined) {
      preamble.push(line);
    } else if (line.startsWith("@@")) {
      const [, a, b = "1", c, d = "1", section] = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/.exec(line);
      file.hunks.push({ oldStart: +a, oldLines: +b, newStart: +c, newLines: +d, section, lines: [] });
      left = { "-": +b, "+": +d };
    } else {
      file.head.push(line);
    }
  }
  return { preamble, files };
}

/** The patch as text again. */
export function formatPatch({ preamble, files }) {
  const span = (start, count) => (count === 1 ? `${start}` : `${start},${count}`);
  const lines = [...preamble];
  for (const { head, hunks } of files) {
    lines.push(...head);
    for (const { oldStart, oldLines, newStart, newLines, section, lines: body } of hunks) {
      lines.push(
        `@@ -${span(oldStart, oldLines)} +${span(newStart, newLines)} @@${section === "" ? "" : ` ${section}`}`,
      );
      lines.push(...body.map(({ kind, text }) => kind + text));
    }
  }
  return `${lines.join("\n")}\n`;
}

const oldLinesOf = (hunk) => hunk.lines.filter(({ kind }) => kind !== "+").map(({ text }) => text);
const newLinesOf = (hunk) => hunk.lines.filter(({ kind }) => kind !== "-").map(({ text }) => text);
const matchesAt = (lines, at, wanted) => wanted.every((text, index) => lines[at + index] === text);

/** Index of the first line that the hunk replaces, or before which it inserts, in the file that it was made for. */
function placeAsMade(lines, hunk, shift) {
  const expected = hunk.oldStart - (hunk.oldLines === 0 ? 0 : 1) + shift;
  const old = oldLinesOf(hunk);
  for (let distance = 0; distance <= lines.length; distance++) {
    for (const at of [expected - distance, expected + distance]) {
      if (at >= 0 && at + old.length <= lines.length && matchesAt(lines, at, old)) return at;
    }
  }
  throw new Error(`the hunk at line ${hunk.oldStart} does not apply to the release that it was made for`);
}

/** Braces and empty lines are everywhere and say little. */
const weight = (text) => (text.trim().length <= 2 ? 0.1 : 1);

/** How well the surroundings of `at` in `there` are those of `from` in `here`; with the lines that are others. */
function compareAround(here, from, there, at, length) {
  let score = 0;
  const others = [];
  const compare = (a, b) => {
    const text = here[a];
    if (text === undefined) return;
    if (there[b] === text) score += weight(text);
    else others.push({ line: b, text });
  };
  for (let i = 1; i <= AROUND; i++) {
    compare(from - i, at - i);
    compare(from + length + i - 1, at + length + i - 1);
  }
  const same = (a, b) => here[a] === undefined || here[a] === there[b];
  const touches = [same(from - 1, at - 1), same(from + length, at + length)];
  return { score, others, touches };
}

/** The line most like `text`, by the words that both have. */
export function mostLike(lines, text) {
  const words = (line) => new Set(line.match(/\w+/g) ?? []);
  const wanted = words(text);
  let best = { at: -1, share: 0 };
  lines.forEach((line, at) => {
    const have = words(line);
    const common = [...wanted].filter((word) => have.has(word)).length;
    const share = common / Math.max(1, wanted.size + have.size - common);
    if (share > best.share) best = { at, share };
  });
  return best.share >= 0.4 ? best.at : -1;
}

/**
 * Looks for the place of a hunk.
 * @param {string[]} here the file that it was made for, before the hunk
 * @param {number} from where it belongs there
 * @param {string[]} there the same file of the other release
 * @param {number} expected where it would be, had nothing changed
 * @returns {{ state: "applies" | "look" | "broken", at: number, why: string }} `look`: a place was found, but not
 *   everything around it is as it was
 */
export function locate(hunk, here, from, there, expected) {
  const old = oldLinesOf(hunk);
  let best = null;
  for (let at = 0; at + old.length <= there.length; at++) {
    if (!matchesAt(there, at, old)) continue;
    const found = { at, ...compareAround(here, from, there, at, old.length) };
    const better = best === null || found.score > best.score;
    const nearer = best?.score === found.score && Math.abs(at - expected) < Math.abs(best.at - expected);
    if (better || nearer) best = found;
  }
  if (best === null) return { state: "broken", at: -1, why: missing(old, there) };
  const changed = best.others
    .map(({ line, text }) => `beside it, at line ${line + 1}, there was: ${text.trim()}`)
    .join("\n");
  if (best.others.length === 0) return { state: "applies", at: best.at, why: "" };
  // Without lines to replace, the neighbours are all that says where the place is.
  const anchored = old.some((text) => weight(text) === 1) || best.touches.some(Boolean);
  if (!anchored || best.score < 1) {
    const around = [here[from - 1], here[from + old.length]].filter((text) => text !== undefined);
    return { state: "broken", at: -1, why: missing(around, there) };
  }
  return { state: best.touches.every(Boolean) ? "applies" : "look", at: best.at, why: changed };
}

/** Which of the lines are gone, and what there is instead. */
function missing(wanted, there) {
  const known = new Set(there);
  const gone = wanted.filter((text) => !known.has(text));
  const like = (text) => {
    const at = mostLike(there, text);
    return at < 0 ? "nothing is like it" : `most like it, line ${at + 1}: ${there[at].trim()}`;
  };
  if (gone.length > 0) return gone.map((text) => `gone: ${text.trim()}\n${like(text)}`).join("\n");
  return `all lines are there, but not together: ${wanted.map((text) => text.trim()).join(" | ")}`;
}

/**
 * Looks for every hunk of one file's patch, and applies those that are found.
 * @param {string[]} here the file that it was made for; changed as the patch says
 * @param {string[] | null} there the other release's file, changed too; null when there is none
 * @returns {{ hunk: Hunk, state: "applies" | "look" | "broken", why: string, line: number, moved: number, rebased: Hunk | null }[]}
 */
export function applyToBoth(filePatch, here, there) {
  let shift = 0;
  let shiftThere = 0;
  let drift = 0; // what the last one had moved by: the next one will have moved alike
  return filePatch.hunks.map((hunk) => {
    const from = placeAsMade(here, hunk, shift);
    const expected = from - shift + drift + shiftThere;
    const found = there === null ? { state: "broken", at: -1, why: "" } : locate(hunk, here, from, there, expected);
    here.splice(from, hunk.oldLines, ...newLinesOf(hunk));
    const grown = hunk.newLines - hunk.oldLines;
    const result = { hunk, state: found.state, why: found.why, line: found.at + 1, moved: 0, rebased: null };
    if (found.at >= 0) {
      there.splice(found.at, hunk.oldLines, ...newLinesOf(hunk));
      drift = found.at - shiftThere - (from - shift);
      const newShift = shiftThere - shift; // where an earlier hunk was left out
      result.moved = drift;
      result.rebased = { ...hunk, oldStart: hunk.oldStart + drift, newStart: hunk.newStart + drift + newShift };
      shiftThere += grown;
    }
    shift += grown;
    return result;
  });
}
