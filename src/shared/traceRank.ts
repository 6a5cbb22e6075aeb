/** The order of the ranked table, and which rows of it are asked for. */
import { baseName } from "./fileTree";
import { ratios, type PartColumns } from "./traceSums";
import type { RankColumn, RankQuery } from "./trace";

/** What ranking needs to know of a row besides its sums. */
export interface RankedPart {
  readonly path: string;
  /** Name of a declaration or text of a line. */
  readonly name?: string;
}

/** Numbers of parts in the order of the table, and the place of each part when sorted by selections, from 1. */
export interface Ranking {
  readonly order: readonly number[];
  readonly ranks: Int32Array;
}

const orders = new WeakMap<readonly RankedPart[], readonly number[]>();

/** Numbers of parts in the order of their paths, then of the parts. Kept: thousands of strings take long to sort. */
export function pathOrder(parts: readonly RankedPart[]): readonly number[] {
  const known = orders.get(parts);
  if (known !== undefined) return known;
  const path = (number: number): string => parts[number]?.path ?? "";
  const order = Array.from(parts, (_, number) => number).sort((a, b) => compare(path(a), path(b)) || a - b);
  orders.set(parts, order);
  return order;
}

/** Ranks all parts; the table lists those below `below` that contain every word of `filter`. */
export function rankParts(
  parts: readonly RankedPart[],
  columns: PartColumns,
  { below, filter, sort, descending }: Pick<RankQuery, "below" | "filter" | "sort" | "descending">,
  other: PartColumns | null,
): Ranking {
  const numbers = [...pathOrder(parts)];
  numbers.sort((a, b) => (columns.selected[b] ?? 0) - (columns.selected[a] ?? 0));
  const ranks = new Int32Array(parts.length);
  numbers.forEach((number, place) => (ranks[number] = place + 1));
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = numbers.filter((number) => {
    const { path = "", name = "" } = parts[number] ?? {};
    if (below !== "" && path !== below && !path.startsWith(`${below}/`)) return false;
    if (words.length === 0) return true;
    const text = `${path} ${name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (sort === "selected" && descending) return { order: kept, ranks };
  const sign = descending ? -1 : 1;
  const order = comparator(sort, parts, columns, other);
  kept.sort((a, b) => sign * order(a, b) || (ranks[a] ?? 0) - (ranks[b] ?? 0));
  return { order: kept, ranks };
}

function comparator(
  sort: RankColumn,
  parts: readonly RankedPart[],
  columns: PartColumns,
  other: PartColumns | null,
): (a: number, b: number) => number {
  if (sort === "name") {
    const names = parts.map(({ path, name }) => name ?? baseName(path));
    const collator = new Intl.Collator("en");
    return (a, b) =>
      collator.compare(names[a] ?? "", names[b] ?? "") || compare(parts[a]?.path ?? "", parts[b]?.path ?? "");
  }
  const values = Float64Array.from(parts, (_, part) => {
    const [tokens, selected] = [columns.tokens[part] ?? 0, columns.selected[part] ?? 0];
    if (sort === "tokens") return tokens;
    if (sort === "lift") return ratios(columns, selected, tokens).lift;
    if (sort === "difference" && other !== null)
      return Math.abs(ratios(columns, selected, 1).share - ratios(other, other.selected[part] ?? 0, 1).share);
    return selected;
  });
  return (a, b) => (values[a] ?? 0) - (values[b] ?? 0);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
