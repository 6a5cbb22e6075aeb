import type { FileSelection } from "../../shared/trace";
import { baseName } from "./tree";

/** Columns of the ranked table that can be sorted by. */
export type SortColumn = "file" | "tokens" | "selected" | "share" | "lift";

export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

export const defaultSort: Sort = { column: "selected", descending: true };

/** The other direction for the same column; names start at A, numbers at the largest. */
export function nextSort(sort: Sort, column: SortColumn): Sort {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column !== "file" };
}

/** A row of the table: a path with its place when sorted by selections. */
export interface RankedRow {
  readonly path: string;
  readonly rank: number;
}

/** The files whose path contains every word of `filter`, below `zoom`, in the order of `sort`. */
export function rankFiles(
  files: readonly FileSelection[],
  zoom: string,
  filter: string,
  sort: Sort,
): readonly RankedRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = [...files].sort((a, b) => b.selected - a.selected || comparePaths(a, b));
  const rows = ranked.map((file, position) => ({ file, rank: position + 1 }));
  const kept = rows.filter(({ file }) => {
    const path = file.path.toLowerCase();
    return (zoom === "" || file.path.startsWith(`${zoom}/`)) && words.every((word) => path.includes(word));
  });
  const sign = sort.descending ? -1 : 1;
  const compare = comparators[sort.column];
  kept.sort((a, b) => sign * compare(a.file, b.file) || a.rank - b.rank);
  return kept.map(({ file, rank }) => ({ path: file.path, rank }));
}

type Compare = (a: FileSelection, b: FileSelection) => number;
const comparePaths: Compare = (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
const comparators: Readonly<Record<SortColumn, Compare>> = {
  file: (a, b) => baseName(a.path).localeCompare(baseName(b.path), "en") || comparePaths(a, b),
  tokens: (a, b) => a.tokens - b.tokens,
  selected: (a, b) => a.selected - b.selected,
  share: (a, b) => a.share - b.share,
  lift: (a, b) => a.lift - b.lift,
};
