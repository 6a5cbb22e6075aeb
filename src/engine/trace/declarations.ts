/** Declarations of traced files as parts: each line belongs to the innermost declaration around it. */
import type { CodeSymbol } from "../../shared/symbols";
import type { MapGroup, MapRegion } from "../../shared/trace";
import { mapLimits, type MapStructure } from "../../shared/traceMap";
import type { LineTable } from "./lineTable";
import { Parts, type PartRun } from "./parts";

/** A declaration of a traced file with the number of the one around it, -1 at the top. */
export interface Declaration extends CodeSymbol {
  readonly path: string;
  readonly outer: number;
}

/** Declarations of some files, and their lines as parts: part i is declaration i without what is in inner ones. */
export interface Declarations {
  readonly list: readonly Declaration[];
  readonly parts: Parts;
}

/** A file with its declarations, as a parser gives them. */
export interface ParsedFile {
  readonly table: LineTable;
  readonly symbols: readonly CodeSymbol[];
}

/** Lines outside of all declarations are in no part. @param key names these parts among those of the trace */
export function declarationsOf(files: readonly ParsedFile[], key: string): Declarations {
  const list: Declaration[] = [];
  const runs: PartRun[] = [];
  for (const { table, symbols } of files) {
    const own = nested(table, symbols, list.length);
    runs.push(...runsOf(table, ownerOfLines(table, own, list.length)));
    list.push(...own);
  }
  return { list, parts: new Parts(key, list.length, runs) };
}

/** Adds the sums of inner declarations to those around them. @param sums by declaration, changed in place */
export function addInner(list: readonly Declaration[], sums: Uint32Array | Float64Array, base = 0): void {
  for (let inner = list.length - 1; inner >= 0; inner--) {
    const outer = list[inner]?.outer ?? -1;
    if (outer >= 0) sums[base + outer] = (sums[base + outer] ?? 0) + (sums[base + inner] ?? 0);
  }
}

/** Kinds of declarations that are drawn as a frame around what they hold. */
const containers: ReadonlySet<string> = new Set(["class", "interface", "enum", "struct", "module", "type"]);

/**
 * The map of one file: its top declarations as regions, those that hold others as frames, and what is in between as one
 * region. Parts are runs of lines: `parts` numbers them.
 */
export function declarationMap(
  file: ParsedFile,
  key: string,
): { readonly structure: MapStructure; readonly parts: Parts } {
  const { table } = file;
  const list = nested(table, file.symbols, 0);
  const { path } = table.file;
  const groups: MapGroup[] = [];
  const groupOf = new Map<number, number>();
  const group = (outer: number): number => {
    const known = groupOf.get(outer);
    if (known !== undefined) return known;
    groups.push({ path, title: outer < 0 ? path : (list[outer]?.name ?? path) });
    groupOf.set(outer, groups.length - 1);
    return groups.length - 1;
  };
  const frames = new Set(list.flatMap(({ outer }) => (outer >= 0 && isFrame(list, outer) ? [outer] : [])));
  const drawn = list.flatMap((declaration, number) =>
    !frames.has(number) && (declaration.outer < 0 || frames.has(declaration.outer)) ? [number] : [],
  );
  const sizes = drawn.map((number) => tokensOf(table, list[number]));
  const kept = new Set(
    drawn
      .map((number, at) => ({ number, size: sizes[at] ?? 0 }))
      .sort((a, b) => b.size - a.size)
      .slice(0, mapLimits.tiles - 2 * frames.size - 2)
      .map(({ number }) => number),
  );
  const owners = new Int32Array(table.count).fill(-1);
  const regions: (MapRegion & { size: number; count: number })[] = [];
  const cover = (declaration: Declaration, region: number): void => {
    for (let line = declaration.startLine; line <= declaration.endLine; line++) owners[line - 1] = region;
  };
  const rest = (outer: number): number => {
    const frame = list[outer];
    const name = frame === undefined ? {} : { name: frame.name, lines: [frame.startLine, frame.endLine] as const };
    return regions.push({ kind: "rest", path, ...name, group: group(outer), size: 0, count: 0 }) - 1;
  };
  const top = rest(-1);
  owners.fill(top);
  for (const frame of [...frames].sort((a, b) => a - b)) {
    const declaration = list[frame];
    if (declaration !== undefined) cover(declaration, rest(frame));
  }
  for (const number of drawn) {
    const declaration = list[number];
    if (declaration === undefined || !kept.has(number)) continue;
    const { name, startLine, endLine, outer } = declaration;
    const lines = [startLine, endLine] as const;
    cover(declaration, regions.push({ kind: "symbol", path, name, lines, group: group(outer), size: 0, count: 1 }) - 1);
  }
  const runs = runsOf(table, owners);
  for (const { from, to, part } of runs) {
    const region = regions[part];
    if (region === undefined) continue;
    region.size += to - from;
    if (region.kind === "rest") region.count++;
  }
  const regionOf = Int32Array.from(regions, (_, number) => number);
  return {
    structure: { below: path, level: "symbols", groups, regions, regionOf },
    parts: new Parts(key, regions.length, runs),
  };
}

function isFrame(list: readonly Declaration[], number: number): boolean {
  const declaration = list[number];
  return declaration !== undefined && declaration.outer < 0 && containers.has(declaration.kind);
}

function tokensOf(table: LineTable, declaration: Declaration | undefined): number {
  if (declaration === undefined) return 0;
  return (table.firstTokens[declaration.endLine] ?? 0) - (table.firstTokens[declaration.startLine - 1] ?? 0);
}

/** Outer declarations first, each with the number of the one around it; what the file does not have is left out. */
function nested(table: LineTable, symbols: readonly CodeSymbol[], first: number): Declaration[] {
  const sorted = symbols
    .filter(({ startLine, endLine }) => startLine >= 1 && startLine <= endLine && endLine <= table.count)
    .toSorted((a, b) => a.startLine - b.startLine || b.endLine - a.endLine);
  const open: { readonly number: number; readonly endLine: number }[] = [];
  return sorted.map((symbol, at) => {
    while ((open.at(-1)?.endLine ?? Infinity) < symbol.endLine) open.pop();
    const outer = open.at(-1)?.number ?? -1;
    open.push({ number: first + at, endLine: symbol.endLine });
    return { ...symbol, path: table.file.path, outer };
  });
}

/** The innermost declaration of each line; -1 for none. */
function ownerOfLines(table: LineTable, own: readonly Declaration[], first: number): Int32Array {
  const owners = new Int32Array(table.count).fill(-1);
  own.forEach(({ startLine, endLine }, at) => owners.fill(first + at, startLine - 1, endLine));
  return owners;
}

function runsOf(table: LineTable, owners: Int32Array): PartRun[] {
  const runs: PartRun[] = [];
  for (let line = 0; line < table.count;) {
    const part = owners[line] ?? -1;
    let end = line + 1;
    while (end < table.count && owners[end] === part) end++;
    const [from, to] = [table.firstTokens[line] ?? 0, table.firstTokens[end] ?? 0];
    if (part >= 0 && to > from) runs.push({ from, to, part });
    line = end;
  }
  return runs;
}
