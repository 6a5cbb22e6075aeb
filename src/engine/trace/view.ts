import type { CodeSymbol } from "../../shared/symbols";
import { fileMap, type MapStructure } from "../../shared/traceMap";
import { rankParts, type Ranking } from "../../shared/traceRank";
import { layersOf, ratios, sumRegions, withBars, type PartColumns } from "../../shared/traceSums";
import type {
  MapScope,
  RankedRow,
  RankedRows,
  RankQuery,
  SymbolSelection,
  TraceComparison,
  TraceMap,
  TraceSums,
} from "../../shared/trace";
import { compareChoices } from "./comparison";
import { addInner, declarationMap, declarationsOf, type Declaration, type Declarations } from "./declarations";
import { LastUsed } from "./lru";
import type { Parts } from "./parts";
import type { Choice, Selector, TraceIndex } from "./query";
import type { TracedFile } from "./types";

/** Declarations of a file's text, in the order of lines. */
export type SymbolsOf = (path: string, text: string) => Promise<readonly CodeSymbol[]>;

/** Files that are searched for declarations when a table lists them. */
const SEARCHED_FILES = 60;
const KEPT_MAPS = 8;
const KEPT_RANKINGS = 4;

interface BuiltMap {
  readonly map: TraceMap;
  readonly structure: MapStructure;
  readonly parts: Parts;
}

/** What a table ranks: its parts, and how to make a row of one. */
interface Ranked {
  readonly columns: PartColumns;
  readonly searched: number;
  readonly ranking: Ranking;
  row(part: number, shown: PartColumns, choice: Choice): Omit<RankedRow, "rank">;
  shown(choice: Choice): PartColumns;
}

/** What the heatmap shows of one trace: bounded answers, however large the repository is. */
export class TraceView {
  readonly index: TraceIndex;
  readonly #symbolsOf: SymbolsOf;
  readonly #maps = new LastUsed<Promise<BuiltMap>>(KEPT_MAPS);
  readonly #rankings = new LastUsed<Promise<Ranked>>(KEPT_RANKINGS);
  readonly #symbols = new LastUsed<Promise<readonly CodeSymbol[]>>(4 * SEARCHED_FILES);

  constructor(index: TraceIndex, symbolsOf: SymbolsOf) {
    this.index = index;
    this.#symbolsOf = symbolsOf;
  }

  /** Regions of the map. A folder that the trace does not have gives an empty one. */
  async map(scope: MapScope): Promise<TraceMap> {
    return (await this.#map(scope)).map;
  }

  /** Sums over the regions of `map(scope)`, in its order. @throws LongsightError LS-601 */
  async sums(query: Selector, scope: MapScope): Promise<TraceSums> {
    return this.sumsOver(query, await this.#map(scope));
  }

  /** Sums of this trace over the map of another one: by path, or for declarations by line. @throws LongsightError LS-601 */
  async sumsOn(other: TraceView, query: Selector, scope: MapScope): Promise<TraceSums> {
    const built = await other.#map(scope);
    if (other === this) return this.sumsOver(query, built);
    if (built.map.level === "symbols") return this.sumsOver(query, { ...(await this.#map(scope)), map: built.map });
    const regionOf = Int32Array.from(this.index.trace.files, ({ path }) => {
      return built.structure.regionOf[other.index.fileNumber(path) ?? -1] ?? -1;
    });
    const { fileParts: parts } = this.index;
    return this.sumsOver(query, { ...built, parts, structure: { ...built.structure, regionOf } });
  }

  /** Rows of the ranked table. @param other the view of `query.other` @throws LongsightError LS-601 */
  async rows(query: RankQuery, other: TraceView | null): Promise<RankedRows> {
    const { rows: range, shown, ...order } = query;
    const ranked = await this.#rankings.get(JSON.stringify(order), () => this.#rank(query, other));
    const choice = this.index.choose(shown ?? query.query);
    const columns = ranked.shown(choice);
    const { order: numbers, ranks } = ranked.ranking;
    const rows = numbers.slice(...range).map((part): RankedRow => {
      return { rank: ranks[part] ?? 0, ...ranked.row(part, columns, choice) };
    });
    const highest = columns.byLayer.length === 0 ? 1 : highestCell(columns);
    return { total: numbers.length, searched: ranked.searched, files: this.index.trace.files.length, highest, rows };
  }

  /** Sums of the declarations of a file, in the order of lines. @throws LongsightError LS-601 */
  async symbolSums({ path, ...query }: Selector & { readonly path: string }): Promise<SymbolSelection[]> {
    const choice = this.index.choose(query);
    const file = this.index.trace.files[this.index.fileNumber(path) ?? -1];
    if (file === undefined) return [];
    const { list, columns } = this.#declared(await this.#declarations([file]), choice);
    return list.map(({ name, kind, startLine, endLine, parent }, number) => {
      const [tokens, selected] = [columns.tokens[number] ?? 0, columns.selected[number] ?? 0];
      const sums = { tokens: Math.round(tokens), selected, ...ratios(columns, selected, tokens) };
      return { name, kind, startLine, endLine, parent, ...sums };
    });
  }

  /** What two choices, of the same trace or of two, have in common. @throws LongsightError LS-601 */
  compare(query: Selector, other: TraceView, otherQuery: Selector): TraceComparison {
    return compareChoices(this.index, this.index.choose(query), other.index, other.index.choose(otherQuery));
  }

  sumsOver(query: Selector, { map, structure, parts }: BuiltMap): TraceSums {
    const choice = this.index.choose(query);
    const files = this.index.columns(choice, this.index.fileParts);
    const columns = parts.key === this.index.fileParts.key ? files : this.index.columns(choice, parts);
    const most = twoLargest(files).flatMap((number) => {
      const path = this.index.trace.files[number]?.path;
      const selected = files.selected[number] ?? 0;
      return path === undefined ? [] : [{ path, lift: ratios(files, selected, files.tokens[number] ?? 0).lift }];
    });
    return sumRegions(map, structure.regionOf, columns, most);
  }

  #map({ below, pixels }: MapScope): Promise<BuiltMap> {
    return this.#maps.get(`${pixels} ${below}`, async () => {
      const { files } = this.index.trace;
      const file = files[this.index.fileNumber(below) ?? -1];
      if (file !== undefined) return this.#built(declarationMap(await this.#parse(file), `map ${below}`));
      const sized = files.map(({ path, count }, number) => ({ path, number, size: count }));
      return this.#built({ structure: fileMap(sized, { below, pixels }), parts: this.index.fileParts });
    });
  }

  #built({ structure, parts }: Pick<BuiltMap, "structure" | "parts">): BuiltMap {
    return { structure, parts, map: withBars(structure, this.index.columns(this.index.choose({}), parts)) };
  }

  async #rank(query: RankQuery, other: TraceView | null): Promise<Ranked> {
    const choice = this.index.choose(query.query);
    if (query.unit === "lines") return this.#rankLines(query, choice);
    if (query.unit === "symbols") return this.#rankSymbols(query, choice);
    const { fileParts, trace } = this.index;
    const columns = this.index.columns(choice, fileParts);
    const against = query.other === undefined || other === null ? null : this.#fileColumnsOf(other, query.other);
    return {
      columns,
      searched: trace.files.length,
      ranking: rankParts(trace.files, columns, query, against),
      shown: (chosen) => this.index.columns(chosen, fileParts),
      row: (part, shown, chosen) => {
        const file = trace.files[part];
        if (file === undefined) throw new RangeError(`no file ${part}`);
        const row = { path: file.path, ...figures(shown, part, file.count) };
        const lines = row.selected === 0 ? null : this.index.densest(file, chosen);
        return { ...row, lines, ...(against !== null && { other: otherFigures(against, part) }) };
      },
    };
  }

  /** Sums of another trace's files, by number of the file here. */
  #fileColumnsOf(other: TraceView, query: Selector): PartColumns {
    const columns = other.index.columns(other.index.choose(query), other.index.fileParts);
    const numbers = this.index.trace.files.map(({ path }) => other.index.fileNumber(path) ?? -1);
    return {
      ...columns,
      tokens: numbers.map((number) => columns.tokens[number] ?? 0),
      selected: numbers.map((number) => columns.selected[number] ?? 0),
    };
  }

  async #rankSymbols(query: RankQuery, choice: Choice): Promise<Ranked> {
    const files = this.#selectedBelow(query.below, choice).slice(0, SEARCHED_FILES);
    const declarations = await this.#declarations(files);
    const of = (chosen: Choice): PartColumns => this.#declared(declarations, chosen).columns;
    const { list } = declarations;
    const columns = of(choice);
    return {
      columns,
      searched: files.length,
      ranking: rankParts(list, columns, query, null),
      shown: of,
      row: (part, shown) => {
        const { path, name, kind, startLine, endLine } = list[part] ?? emptyDeclaration;
        return { path, name, kind, ...figures(shown, part, null), lines: [startLine, endLine] };
      },
    };
  }

  #rankLines(query: RankQuery, choice: Choice): Ranked {
    const files = this.#selectedBelow(query.below, choice);
    const lines = files.flatMap((file) => this.index.fileLines(file, choice).map((line) => ({ file, ...line })));
    const parts = lines.map(({ file, line }) => {
      return {
        path: file.path,
        name: this.index
          .table(file)
          .text(line - 1)
          .trim(),
      };
    });
    const all = this.index.columns(choice, this.index.fileParts);
    const columns: PartColumns = {
      ...all,
      tokens: lines.map((line) => line.tokens),
      selected: lines.map((line) => line.selected),
      byLayer: [],
    };
    const shownColumns = (chosen: Choice): PartColumns => {
      const sums = new Map(files.map((file) => [file, this.index.table(file).sums(this.index.counts(chosen))]));
      const { selections, selectable } = this.index.columns(chosen, this.index.fileParts);
      const selected = lines.map(({ file, line }) => sums.get(file)?.[line - 1] ?? 0);
      return { ...columns, chosen: chosen.layers, selections, selectable, selected };
    };
    return {
      columns,
      searched: files.length,
      ranking: rankParts(parts, columns, query, null),
      shown: (chosen) => (sameChoice(chosen, choice) ? columns : shownColumns(chosen)),
      row: (part, shown) => {
        const { path, name } = parts[part] ?? { path: "", name: "" };
        const line = lines[part]?.line ?? 1;
        return { path, name: cut(name), ...figures(shown, part, null), byLayer: [], lines: [line, line] };
      },
    };
  }

  /** Files below a folder, or the file itself, that were selected, most selected first. */
  #selectedBelow(below: string, choice: Choice): TracedFile[] {
    const columns = this.index.columns(choice, this.index.fileParts);
    return this.index.mostSelected(columns, Infinity).flatMap((number) => {
      const file = this.index.trace.files[number];
      const inside = below === "" || file?.path === below || file?.path.startsWith(`${below}/`) === true;
      return file !== undefined && inside && (columns.selected[number] ?? 0) > 0 ? [file] : [];
    });
  }

  async #declarations(files: readonly TracedFile[]): Promise<Declarations> {
    const parsed = await Promise.all(files.map((file) => this.#parse(file)));
    return declarationsOf(parsed, `symbols ${files.map(({ path }) => path).join("\n")}`);
  }

  /** Sums by declaration, inner ones counted for outer ones too. */
  #declared(
    { list, parts }: Declarations,
    choice: Choice,
  ): { readonly list: readonly Declaration[]; readonly columns: PartColumns } {
    const columns = this.index.columns(choice, parts);
    const tokens = Float64Array.from(columns.tokens);
    const selected = Uint32Array.from(columns.selected);
    const byLayer = Uint32Array.from(columns.byLayer);
    addInner(list, tokens);
    addInner(list, selected);
    for (let layer = 0; layer < columns.layers; layer++) addInner(list, byLayer, layer * columns.stride);
    return { list, columns: { ...columns, tokens, selected, byLayer } };
  }

  async #parse(file: TracedFile): Promise<{ table: ReturnType<TraceIndex["table"]>; symbols: readonly CodeSymbol[] }> {
    const symbols = await this.#symbols.get(file.path, () => this.#symbolsOf(file.path, file.text));
    return { table: this.index.table(file), symbols };
  }
}

const emptyDeclaration = { path: "", name: "", kind: "variable", startLine: 1, endLine: 1 } as const;

/** Characters of a line's text that a row carries. */
const LINE_CHARACTERS = 200;
const cut = (text: string): string => (text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text);

function figures(columns: PartColumns, part: number, size: number | null): Omit<RankedRow, "rank" | "path" | "lines"> {
  const mean = columns.tokens[part] ?? 0;
  const tokens = Math.round(mean);
  const selected = columns.selected[part] ?? 0;
  const always = size === null ? 0 : size - tokens;
  return { tokens, always, selected, ...ratios(columns, selected, mean), byLayer: layersOf(columns, part) };
}

function otherFigures(columns: PartColumns, part: number): NonNullable<RankedRow["other"]> {
  const selected = columns.selected[part] ?? 0;
  return { selected, ...ratios(columns, selected, columns.tokens[part] ?? 0) };
}

/** Largest sum of a part in one layer; the last of each layer is what lies in no part. */
function highestCell({ byLayer, layers, stride }: PartColumns): number {
  let highest = 1;
  for (let layer = 0; layer < layers; layer++) {
    for (let part = 0; part < stride - 1; part++) highest = Math.max(highest, byLayer[layer * stride + part] ?? 0);
  }
  return highest;
}

/** Numbers of the two most selected parts, the most selected first; fewer when fewer were selected. */
function twoLargest({ selected, stride }: PartColumns): number[] {
  let [first, second] = [-1, -1];
  for (let part = 0; part < stride - 1; part++) {
    const sum = selected[part] ?? 0;
    if (sum === 0) continue;
    if (first < 0 || sum > (selected[first] ?? 0)) [first, second] = [part, first];
    else if (second < 0 || sum > (selected[second] ?? 0)) second = part;
  }
  return [first, second].filter((part) => part >= 0);
}

function sameChoice(a: Choice, b: Choice): boolean {
  return a.phase === b.phase && a.steps.join() === b.steps.join() && a.layers.join() === b.layers.join();
}
