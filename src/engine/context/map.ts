/**
 * The repository map: one line per folder with its files, so that the model knows what there is. It stands at the start
 * of the context and therefore names no sizes: an edit must not change the first tokens that everything else follows.
 *
 * A new file does change a map of files. Where each file is read by itself that costs the map alone. Where files are read
 * from left to right it would cost everything, so that the map has folders only there: the headings name the files that
 * are in, and a file that is left out is known by its folder. A map at the end would be read again with every edit, which
 * is far more frequent than a new folder.
 */
import type { Document } from "../workspace/types";
import { printable } from "./frame";

interface Folder {
  /** With a closing `/`; empty for the top. */
  readonly path: string;
  readonly parent: Folder | null;
  readonly files: string[];
  readonly folders: Folder[];
}

/** What a map lists. */
export type MapDetail = "files" | "folders";

/** Characters of a line per token, at most: a line that has far more than there is room for need not be measured. */
const MOST_CHARACTERS_PER_TOKEN = 8;

const TITLE = "Folders and files of this repository:\n";
const FOLDERS_TITLE = "Folders of this repository:\n";

/**
 * Text of the map: folders nearest to the top are listed first, and those that do not fit are only counted, so that a
 * folder with very many files leaves room for others.
 * @param measure tokens of a text
 * @param maxTokens bound of the whole map
 * @returns an empty text when not even the top folder fits
 */
export function repositoryMap(
  documents: readonly Document[],
  measure: (text: string) => number,
  maxTokens: number,
  detail: MapDetail = "files",
): string {
  if (detail === "folders") return folderMap(breadthFirst(folderTree(documents)), measure, maxTokens);
  const order = breadthFirst(folderTree(documents));
  const listed = new Set<Folder>();
  let left = maxTokens - measure(TITLE);
  for (const folder of order) {
    if (folder.parent !== null && !listed.has(folder.parent)) continue;
    // A line of its own, with all inner folders counted, takes the place of its count in the parent's line.
    const counted = folder.parent === null ? 0 : measure(`, ${countEntry(folder)}`);
    const text = lineText(line(folder, new Set()));
    if (text.length / MOST_CHARACTERS_PER_TOKEN > left + counted) continue;
    const cost = measure(text) - counted;
    if (cost > left) continue;
    left -= cost;
    listed.add(folder);
  }
  // Pieces measured by themselves can differ from the whole by a token or two.
  for (const folder of [...listed].reverse()) {
    const text = render(listed, order);
    if (measure(text) <= maxTokens) return text;
    listed.delete(folder);
  }
  return "";
}

/** Each folder with the folders in it, without counts: a new file changes nothing. */
function folderMap(order: readonly Folder[], measure: (text: string) => number, maxTokens: number): string {
  const lines: Line[] = [];
  let left = maxTokens - measure(FOLDERS_TITLE);
  for (const { path, parent, folders } of order) {
    const names = folders.map((inner) => printable(inner.path.slice(path.length))).sort();
    if (names.length === 0 && parent !== null) continue;
    const shown = { path: printable(path), entries: names.join(", ") };
    const text = lineText(shown);
    if (text.length / MOST_CHARACTERS_PER_TOKEN > left) continue;
    const cost = measure(text);
    if (cost > left) continue;
    left -= cost;
    lines.push(shown);
  }
  for (; lines.some(({ entries }) => entries !== ""); lines.pop()) {
    const sorted = lines.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const text = `${FOLDERS_TITLE}${sorted.map(lineText).join("")}\n`;
    if (measure(text) <= maxTokens) return text;
  }
  return "";
}

function folderTree(documents: readonly Document[]): Folder {
  const top: Folder = { path: "", parent: null, files: [], folders: [] };
  const byPath = new Map([["", top]]);
  const folderAt = (path: string): Folder => {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const parent = folderAt(parentOf(path));
    const folder: Folder = { path, parent, files: [], folders: [] };
    byPath.set(path, folder);
    parent.folders.push(folder);
    return folder;
  };
  for (const { path } of documents) {
    const parent = parentOf(path);
    folderAt(parent).files.push(path.slice(parent.length));
  }
  return top;
}

/** `a/` for `a/b` and for `a/b/`. */
function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
}

function breadthFirst(top: Folder): Folder[] {
  const order = [top];
  for (const folder of order) for (const inner of folder.folders) order.push(inner);
  return order;
}

function render(listed: ReadonlySet<Folder>, order: readonly Folder[]): string {
  const lines = order.filter((folder) => listed.has(folder)).map((folder) => line(folder, listed));
  const shown = lines.filter(({ entries }) => entries !== "").sort((a, b) => (a.path < b.path ? -1 : 1));
  return `${TITLE}${shown.map(lineText).join("")}\n`;
}

interface Line {
  readonly path: string;
  readonly entries: string;
}

function lineText({ path, entries }: Line): string {
  return `${path === "" ? "./" : path}: ${entries}\n`;
}

function line(folder: Folder, listed: ReadonlySet<Folder>): Line {
  const counted = folder.folders.filter((inner) => !listed.has(inner));
  const entries = [...folder.files.map(printable), ...counted.map(countEntry)];
  return { path: printable(folder.path), entries: entries.join(", ") };
}

/** `name/ (3 files)` */
function countEntry(folder: Folder): string {
  const name = printable(folder.path.slice(folder.parent?.path.length));
  const count = countFiles(folder);
  return `${name} (${count === 1 ? "1 file" : `${count} files`})`;
}

function countFiles(folder: Folder): number {
  return folder.folders.reduce((sum, inner) => sum + countFiles(inner), folder.files.length);
}
