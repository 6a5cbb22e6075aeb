/**
 * The repository map: one line per folder with its files, so that the model knows what there is. It stands at the start
 * of the context and therefore names no sizes: an edit must not change the first tokens that everything else follows.
 */
import type { Document } from "../workspace/types";
import { printable } from "./frame";

interface Folder {
  /** With a closing `/`; empty for the top. */
  readonly path: string;
  readonly files: string[];
  readonly folders: Folder[];
}

/** Paths take more tokens than this: a longer text need not be measured. */
const MOST_CHARACTERS_PER_TOKEN = 8;
const TITLE = "Folders and files of this repository:\n";

/**
 * Text of the map: folders nearest to the top are listed first, and those that do not fit are only counted.
 * @param measure tokens of a text
 * @param maxTokens bound of the whole map
 * @returns an empty text when not even the top folder fits
 */
export function repositoryMap(
  documents: readonly Document[],
  measure: (text: string) => number,
  maxTokens: number,
): string {
  const top = folderTree(documents);
  const order = breadthFirst(top);
  let listed = 0;
  let best = "";
  // The most folders that fit, by halving: more folders never make the text shorter by more than one counted entry.
  for (let low = 1, high = order.length; low <= high;) {
    const middle = (low + high) >>> 1;
    const text = render(new Set(order.slice(0, middle)), order);
    if (text.length <= maxTokens * MOST_CHARACTERS_PER_TOKEN && measure(text) <= maxTokens) {
      best = middle > listed ? text : best;
      listed = Math.max(listed, middle);
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return best;
}

function folderTree(documents: readonly Document[]): Folder {
  const top: Folder = { path: "", files: [], folders: [] };
  const byPath = new Map([["", top]]);
  const folderAt = (path: string): Folder => {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const folder: Folder = { path, files: [], folders: [] };
    byPath.set(path, folder);
    folderAt(parentOf(path)).folders.push(folder);
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
  for (const folder of order) order.push(...folder.folders);
  return order;
}

function render(listed: ReadonlySet<Folder>, order: readonly Folder[]): string {
  const lines = order.filter((folder) => listed.has(folder)).map((folder) => line(folder, listed));
  const shown = lines.filter(([, entries]) => entries !== "").sort(([a], [b]) => (a < b ? -1 : 1));
  return `${TITLE}${shown.map(([path, entries]) => `${path === "" ? "./" : path}: ${entries}\n`).join("")}\n`;
}

function line(folder: Folder, listed: ReadonlySet<Folder>): [path: string, entries: string] {
  const counted = folder.folders.filter((inner) => !listed.has(inner));
  const entries = [
    ...folder.files.map(printable),
    ...counted.map((inner) => `${printable(inner.path.slice(folder.path.length))} (${fileCount(inner)})`),
  ];
  return [printable(folder.path), entries.join(", ")];
}

function fileCount(folder: Folder): string {
  const count = countFiles(folder);
  return count === 1 ? "1 file" : `${count} files`;
}

function countFiles(folder: Folder): number {
  return folder.folders.reduce((sum, inner) => sum + countFiles(inner), folder.files.length);
}
