/** Folds the flat list of planned files into a tree of folders with sums. */
import type { PlannedFile } from "../../shared/protocol";

/** A folder or a file of the plan. */
export interface PlanNode {
  readonly name: string;
  /** Path from the root of the plan. */
  readonly path: string;
  readonly file: PlannedFile | null;
  readonly children: readonly PlanNode[];
  readonly filesIn: number;
  readonly files: number;
  /** Of the files that are in, those of which only the declarations are. */
  readonly outlines: number;
  /** True when every file is pinned. */
  readonly pinned: boolean;
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** The reason that all left out files below share, the most frequent one, or the file's own. */
  readonly reason: string;
}

/** Which files are shown. */
export type PlanFilter = "all" | "in" | "out";

/**
 * The root of the tree over the files that pass `filter`; folders that hold one folder only are joined with it.
 * @param words each must stand in the path or the reason, whatever the case
 */
export function planTree(files: readonly PlannedFile[], filter: PlanFilter, words = ""): PlanNode {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = files.filter((file) => {
    if (filter !== "all" && file.included !== (filter === "in")) return false;
    const text = `${file.path} ${file.reason}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  return folder("", "", shown, 0);
}

function folder(name: string, path: string, files: readonly PlannedFile[], depth: number): PlanNode {
  const groups = new Map<string, PlannedFile[]>();
  const direct: PlanNode[] = [];
  for (const file of files) {
    const parts = file.path.split("/");
    const part = parts[depth] ?? file.path;
    if (depth >= parts.length - 1) direct.push(leaf(part, file));
    else {
      const group = groups.get(part);
      if (group === undefined) groups.set(part, [file]);
      else group.push(file);
    }
  }
  const folders = [...groups].map(([part, inside]) => {
    const node = folder(part, path === "" ? part : `${path}/${part}`, inside, depth + 1);
    const [only] = node.children;
    const chained = node.children.length === 1 && only?.file === null;
    return chained ? { ...only, name: `${node.name}/${only.name}` } : node;
  });
  const children = [...folders.sort(byName), ...direct.sort(byName)];
  const sum = (value: (node: PlanNode) => number): number => children.reduce((total, node) => total + value(node), 0);
  return {
    name,
    path,
    file: null,
    children,
    filesIn: sum((node) => node.filesIn),
    files: sum((node) => node.files),
    outlines: sum((node) => node.outlines),
    pinned: children.every((node) => node.pinned),
    tokensIn: sum((node) => node.tokensIn),
    tokensOut: sum((node) => node.tokensOut),
    reason: commonReason(files),
  };
}

function leaf(name: string, file: PlannedFile): PlanNode {
  const tokensIn = file.included ? file.tokens : 0;
  return {
    name,
    path: file.path,
    file,
    children: [],
    filesIn: file.included ? 1 : 0,
    files: 1,
    outlines: file.outline === true ? 1 : 0,
    pinned: file.pinned === true,
    tokensIn,
    tokensOut: file.included ? 0 : file.tokens,
    reason: file.reason,
  };
}

function commonReason(files: readonly PlannedFile[]): string {
  const counts = reasonCounts(files);
  const [first, ...others] = counts;
  if (first === undefined) return "";
  return others.length === 0 ? first.reason : `${first.reason}, …`;
}

/** Files and tokens left out by reason, most files first. */
export function reasonCounts(
  files: readonly PlannedFile[],
): readonly { readonly reason: string; readonly files: number; readonly tokens: number }[] {
  const counts = new Map<string, { files: number; tokens: number }>();
  for (const file of files) {
    if (file.included) continue;
    const entry = counts.get(file.reason) ?? { files: 0, tokens: 0 };
    counts.set(file.reason, { files: entry.files + 1, tokens: entry.tokens + file.tokens });
  }
  return [...counts].map(([reason, sums]) => ({ reason, ...sums })).sort((a, b) => b.files - a.files);
}

const collator = new Intl.Collator();
const byName = (a: PlanNode, b: PlanNode): number => collator.compare(a.name, b.name);
