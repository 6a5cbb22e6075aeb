/**
 * The repository map: one line per folder with its files, so that the model knows what there is. It stands at the start
 * of the context and therefore names no sizes: an edit must not change the first tokens that everything else follows.
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

const TITLE = "Folders and files of this repository:\n";

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
): string {
  const order = breadthFirst(folderTree(documents));
  const listed = new Set<Folder>();
  let left = maxTokens - measure(TITLE);
  for (const folder of order) {
    if (folder.parent !== null && !listed.has(folder.parent)) continue;
    // A line of its own, with all inner folders counted, takes the place of its count in the parent's line.
    const counted = folder.parent === null ? 0 : measure(`, ${countEntry(folder)}`);
    const cost = measure(lineText(line(folder, new Set()))) - counted;
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
  for (const folder of order) order.push(...folder.folders);
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
