import { standaloneDataId } from "../../shared/heatmapPage";
import type {
  FileTrace,
  MapScope,
  RankedRows,
  RankQuery,
  StandaloneTrace,
  TraceComparison,
  TraceMap,
  TraceQuery,
  TraceSums,
} from "../../shared/trace";
import { fileMap, type MapStructure } from "../../shared/traceMap";
import { rankParts } from "../../shared/traceRank";
import { layersOf, ratios, sumRegions, withBars, type PartColumns } from "../../shared/traceSums";
import type { HeatmapViewState } from "../../shared/views";
import { t } from "../common/l10n";
import type { FileQuery, HeatmapHost, StateKeeper } from "./host";
import { StandaloneSums } from "./sums";

/** Files that the page names at first; the rest come by the table, as in the panel. */
const namedFiles = 100;

/** The data of a self-contained page, or null inside VS Code. */
export function embeddedTrace(): StandaloneTrace | null {
  const element = document.getElementById(standaloneDataId);
  return element === null ? null : (JSON.parse(element.textContent) as StandaloneTrace);
}

/** A self-contained page: everything is in it, and no editor is near. */
export class StandaloneHost implements HeatmapHost {
  readonly editor = null;
  readonly keeping: StateKeeper = { getState: () => null, setState: () => undefined };
  private readonly sumsOf: StandaloneSums;
  private structure: { readonly key: string; readonly structure: MapStructure; readonly map: TraceMap } | null = null;

  constructor(private readonly data: StandaloneTrace) {
    this.sumsOf = new StandaloneSums(data);
  }

  start(listener: (view: HeatmapViewState) => void): void {
    const { answer } = this.data;
    const summary = { ...answer, files: answer.files.slice(0, namedFiles) };
    listener({ kind: "trace", summary, other: null, comparing: false, error: null });
  }

  map(_id: string, scope: MapScope): Promise<TraceMap> {
    return Promise.resolve(this.build(scope).map);
  }

  sums(query: TraceQuery, scope: MapScope): Promise<TraceSums> {
    const { map, structure } = this.build(scope);
    const columns = this.sumsOf.columns(query);
    const { order } = rankParts(this.data.answer.files, columns, everything, null);
    const most = order.slice(0, 2).map((file) => ({
      path: this.data.answer.files[file]?.path ?? "",
      lift: ratios(columns, columns.selected[file] ?? 0, columns.tokens[file] ?? 0).lift,
    }));
    return Promise.resolve(sumRegions(map, structure.regionOf, columns, most));
  }

  rows(query: RankQuery): Promise<RankedRows> {
    const { files } = this.data.answer;
    if (query.unit !== "files") return Promise.reject(new Error(t("This page ranks files only.")));
    const columns = this.sumsOf.columns(query.query);
    const shown = query.shown === undefined ? columns : this.sumsOf.columns(query.shown);
    const { order, ranks } = rankParts(files, columns, query, null);
    const rows = order.slice(...query.rows).map((number) => {
      const file = files[number];
      const [tokens, selected] = [shown.tokens[number] ?? 0, shown.selected[number] ?? 0];
      return {
        rank: ranks[number] ?? 0,
        path: file?.path ?? "",
        lines: selected === 0 ? null : (file?.densest ?? null),
        tokens,
        always: file?.always ?? 0,
        selected,
        ...ratios(shown, selected, tokens),
        byLayer: layersOf(shown, number),
      };
    });
    return Promise.resolve({
      total: order.length,
      searched: files.length,
      files: files.length,
      highest: highest(shown),
      rows,
    });
  }

  /** Not offered: a page holds one answer. */
  compare(): Promise<TraceComparison> {
    return Promise.reject(new Error(t("This page holds one answer.")));
  }

  /** Lines of the whole answer, whatever the query's steps and layers: `scope` says so. */
  file({ path, lines: [from, to], ...query }: FileQuery): Promise<FileTrace> {
    const file = this.data.files.find((candidate) => candidate.path === path);
    if (file === undefined)
      return Promise.reject(new Error(t("This page holds the lines of the most selected files only.")));
    const lines = file.lines.filter(({ line }) => line >= from && line < to);
    const number = this.data.answer.files.findIndex((candidate) => candidate.path === path);
    const columns = this.sumsOf.columns(query);
    const [tokens, selected] = [columns.tokens[number] ?? 0, columns.selected[number] ?? 0];
    const sums = { ...file.sums, tokens, selected, ...ratios(columns, selected, tokens) };
    return Promise.resolve({ ...file, sums, lines, scope: "answer" });
  }

  private build(scope: MapScope): { readonly structure: MapStructure; readonly map: TraceMap } {
    const key = JSON.stringify(scope);
    if (this.structure?.key === key) return this.structure;
    const sized = this.data.answer.files.map(({ path, tokens, always }, number) => {
      return { path, number, size: tokens + always };
    });
    // A file has no declarations here: its folder is shown around it.
    const below = sized.some(({ path }) => path === scope.below) ? parentOf(scope.below) : scope.below;
    const structure = fileMap(sized, { ...scope, below });
    this.structure = { key, structure, map: withBars(structure, this.sumsOf.columns({})) };
    return this.structure;
  }
}

const everything = { below: "", filter: "", sort: "selected", descending: true } as const;

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

function highest({ byLayer }: PartColumns): number {
  let most = 1;
  for (const count of Array.from(byLayer)) most = Math.max(most, count);
  return most;
}
