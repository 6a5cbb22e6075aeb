import type { ErrorValue } from "../../shared/errors";
import { parentPath } from "../../shared/fileTree";
import type {
  Interval,
  MapScope,
  RankColumn,
  RankUnit,
  TraceMap,
  TracePhase,
  TraceQuery,
  TraceSummary,
  TraceSums,
} from "../../shared/trace";
import type { HeatmapViewState } from "../../shared/views";
import type { KeptState } from "./kept";
import { loaded } from "./loaded";

export type LayerMode = "all" | "one" | "band";

/** By which column the table is sorted. */
export interface Sort {
  readonly column: RankColumn;
  readonly descending: boolean;
}

export const defaultSort: Sort = { column: "selected", descending: true };

/** A map with the scope that it was asked for: sums belong to it when they have the same key. */
export interface ShownMap {
  readonly key: string;
  readonly map: TraceMap;
}

/** Sums with the query and the map that they answer. */
export interface ShownSums {
  readonly mapKey: string;
  readonly query: TraceQuery;
  readonly sums: TraceSums;
}

/** The one value that the panel shows. Map, table and code are views of it. */
export interface HeatmapState {
  readonly kind: HeatmapViewState["kind"];
  readonly error: ErrorValue | null;
  readonly trace: TraceSummary | null;
  /** The answer that is compared with: B. */
  readonly other: TraceSummary | null;
  /** The next answer that is shown becomes B. */
  readonly comparing: boolean;
  /** What the map is made of; the one before stays until the next one has come. */
  readonly map: ShownMap | null;
  /** Sums of the pinned steps, chosen layers and phase. */
  readonly committed: ShownSums | null;
  /** Sums of the hovered steps; null when nothing is hovered or they have not come yet. */
  readonly preview: ShownSums | null;
  /** Sums of B. */
  readonly otherSums: ShownSums | null;
  readonly pinned: Interval | null;
  readonly hovered: Interval | null;
  /** Pinned steps of B. */
  readonly otherPinned: Interval | null;
  readonly layerMode: LayerMode;
  /** Chosen layers; not empty. */
  readonly layers: Interval;
  readonly phase: TracePhase;
  /** Folder or file that the map shows; empty for everything. */
  readonly zoom: string;
  /** Area of the map in CSS pixels; not exact, so that a small change of size asks for nothing. */
  readonly pixels: number;
  /** Path of the file that the code shows. */
  readonly selected: string | null;
  /** Line that the code shows, when a place was chosen; 1-based. */
  readonly line: number | null;
  /** Path of the file under the pointer, in the map or the table. */
  readonly marked: string | null;
  readonly unit: RankUnit;
  readonly sort: Sort;
  readonly filter: string;
  /** Why the last query failed, until another one succeeds. */
  readonly problem: string | null;
}

export const initialState: HeatmapState = {
  kind: "empty",
  error: null,
  trace: null,
  other: null,
  comparing: false,
  map: null,
  committed: null,
  preview: null,
  otherSums: null,
  pinned: null,
  hovered: null,
  otherPinned: null,
  layerMode: "all",
  layers: [0, 1],
  phase: "answer",
  zoom: "",
  pixels: 240_000,
  selected: null,
  line: null,
  marked: null,
  unit: "files",
  sort: defaultSort,
  filter: "",
  problem: null,
};

export type Action =
  | { readonly type: "loaded"; readonly view: HeatmapViewState; readonly kept: KeptState | null }
  | { readonly type: "hover"; readonly steps: Interval | null }
  | { readonly type: "pin"; readonly steps: Interval | null }
  | { readonly type: "pinOther"; readonly steps: Interval | null }
  | { readonly type: "layerMode"; readonly mode: LayerMode }
  | { readonly type: "layers"; readonly layers: Interval }
  | { readonly type: "phase"; readonly phase: TracePhase }
  | { readonly type: "zoom"; readonly path: string }
  | { readonly type: "resize"; readonly pixels: number }
  | { readonly type: "select"; readonly path: string | null; readonly line?: number }
  | { readonly type: "mark"; readonly path: string | null }
  | { readonly type: "unit"; readonly unit: RankUnit }
  | { readonly type: "sort"; readonly column: RankColumn }
  | { readonly type: "filter"; readonly text: string }
  | { readonly type: "map"; readonly key: string; readonly map: TraceMap; readonly committed: ShownSums | null }
  | ({ readonly type: "sums" } & ShownSums)
  | { readonly type: "problem"; readonly query: TraceQuery; readonly message: string };

/** The state after an action; the same value when nothing changes. */
export function reduce(state: HeatmapState, action: Action): HeatmapState {
  switch (action.type) {
    case "loaded":
      return loaded(state, action.view, action.kept);
    case "hover":
      return withHover(state, action.steps);
    case "pin":
      return pin(state, action.steps);
    case "pinOther":
      return sameInterval(action.steps, state.otherPinned) ? state : { ...state, otherPinned: action.steps };
    case "layerMode":
      return withLayers(state, action.mode, layersOfMode(state, action.mode));
    case "layers":
      return withLayers(state, modeOf(state, action.layers), action.layers);
    case "phase":
      return action.phase === state.phase ? state : { ...state, phase: action.phase, hovered: null, preview: null };
    case "zoom":
      return action.path === state.zoom ? state : { ...state, zoom: action.path, marked: null };
    case "resize":
      return withPixels(state, action.pixels);
    case "select":
      return select(state, action.path, action.line ?? null);
    case "mark":
      return action.path === state.marked ? state : { ...state, marked: action.path };
    case "unit":
      return action.unit === state.unit ? state : { ...state, unit: action.unit, sort: defaultSort };
    case "sort":
      return { ...state, sort: nextSort(state.sort, action.column) };
    case "filter":
      return action.text === state.filter ? state : { ...state, filter: action.text };
    case "map":
      return withMap(state, action);
    case "sums":
      return withSums(state, action);
    case "problem":
      return isWanted(state, action.query) ? { ...state, problem: action.message } : state;
  }
}

/** What the map shows now: the preview while something is hovered. Null while no sums fit the map. */
export function shownSums(state: HeatmapState): TraceSums | null {
  const fits = (sums: ShownSums | null): TraceSums | null =>
    sums?.mapKey === state.map?.key ? (sums?.sums ?? null) : null;
  return fits(state.preview) ?? fits(state.committed);
}

/** Sums of B over the shown map. */
export function shownOther({ otherSums, map }: HeatmapState): TraceSums | null {
  return otherSums !== null && otherSums.mapKey === map?.key ? otherSums.sums : null;
}

/** The query behind the table's order: pinned steps, chosen layers, phase. Null without a trace. */
export function committedQuery(state: HeatmapState): TraceQuery | null {
  return queryFor(state, state.trace, state.pinned);
}

/** The query behind a preview, or null when nothing is hovered. */
export function previewQuery(state: HeatmapState): TraceQuery | null {
  return state.hovered === null ? null : queryFor(state, state.trace, state.hovered);
}

/** The query of B, or null when nothing is compared. */
export function otherQuery(state: HeatmapState): TraceQuery | null {
  return queryFor(state, state.other, state.otherPinned);
}

/** The query of what is shown now: fits `shownSums`. */
export function shownQuery(state: HeatmapState): TraceQuery | null {
  return state.preview === null ? committedQuery(state) : previewQuery(state);
}

/** What the map has to show. */
export function mapScope({ zoom, pixels }: HeatmapState): MapScope {
  return { below: zoom, pixels };
}

/** Equal for states that need the same map. */
export function mapKey(state: HeatmapState): string {
  return JSON.stringify([state.trace?.id ?? "", state.zoom, state.pixels]);
}

/** Equal for queries that ask for the same sums. */
export function queryKey({ id, steps, layers, phase }: TraceQuery): string {
  return JSON.stringify([id, steps ?? null, layers ?? null, phase ?? "answer"]);
}

/** Steps and layers are left out where all are meant. */
function queryFor(
  { phase, layers }: HeatmapState,
  trace: TraceSummary | null,
  steps: Interval | null,
): TraceQuery | null {
  if (trace === null) return null;
  const all = layers[0] === 0 && layers[1] >= trace.layers;
  return {
    id: trace.id,
    phase,
    ...(phase === "answer" && steps !== null && { steps }),
    ...(!all && { layers }),
  };
}

function isWanted(state: HeatmapState, query: TraceQuery): boolean {
  const key = queryKey(query);
  const wanted = [committedQuery(state), previewQuery(state), otherQuery(state)];
  return wanted.some((candidate) => candidate !== null && queryKey(candidate) === key);
}

function withMap(state: HeatmapState, { key, map, committed }: Extract<Action, { type: "map" }>): HeatmapState {
  if (key !== mapKey(state)) return state;
  const preview = state.preview?.mapKey === key ? state.preview : null;
  const shown = { ...state, map: { key, map }, preview, problem: null, ...unitFor(state, map) };
  return committed === null ? shown : withSums(shown, committed);
}

/** Inside a file the table lists its declarations, outside files again; what else was chosen stays. */
function unitFor({ unit, map, other }: HeatmapState, next: TraceMap): Partial<HeatmapState> {
  const before = map?.map.level ?? "files";
  if (other !== null || before === next.level || unit === "lines") return {};
  return { unit: next.level === "symbols" ? "symbols" : "files", sort: defaultSort };
}

function withSums(state: HeatmapState, { mapKey, query, sums }: ShownSums): HeatmapState {
  if (mapKey !== state.map?.key) return state;
  const key = queryKey(query);
  const is = (wanted: TraceQuery | null): boolean => wanted !== null && queryKey(wanted) === key;
  const [forCommitted, forPreview] = [is(committedQuery(state)), is(previewQuery(state))];
  const forOther = is(otherQuery(state));
  if (!forCommitted && !forPreview && !forOther) return state;
  const shown = { mapKey, query, sums };
  return {
    ...state,
    committed: forCommitted ? shown : state.committed,
    preview: forPreview ? shown : state.preview,
    otherSums: forOther ? shown : state.otherSums,
    problem: null,
  };
}

/** The old preview stays until the new sums come, so that the map never blinks. */
function withHover(state: HeatmapState, steps: Interval | null): HeatmapState {
  if (sameInterval(steps, state.hovered) || (steps !== null && state.phase === "question")) return state;
  return { ...state, hovered: steps, preview: steps === null ? null : state.preview };
}

function pin(state: HeatmapState, steps: Interval | null): HeatmapState {
  if (sameInterval(steps, state.pinned)) return state;
  const committed = sameInterval(steps, state.hovered) && state.preview !== null ? state.preview : state.committed;
  return { ...state, pinned: steps, committed };
}

function select(state: HeatmapState, path: string | null, line: number | null): HeatmapState {
  return path === state.selected && line === state.line ? state : { ...state, selected: path, line };
}

/** Part of its area that the map may change by before other regions are asked for. */
const pixelTolerance = 0.2;

function withPixels(state: HeatmapState, pixels: number): HeatmapState {
  if (pixels <= 0 || Math.abs(pixels - state.pixels) < pixelTolerance * state.pixels) return state;
  return { ...state, pixels: Math.round(pixels / 10_000) * 10_000 || 10_000 };
}

/** The other direction for the same column; names start at A, numbers at the largest. */
export function nextSort(sort: Sort, column: RankColumn): Sort {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column !== "name" };
}

function withLayers(state: HeatmapState, layerMode: LayerMode, wanted: Interval): HeatmapState {
  const count = state.trace?.layers ?? 0;
  if (count === 0) return state;
  const from = Math.min(Math.max(0, wanted[0]), count - 1);
  const to = Math.min(Math.max(from + 1, wanted[1]), count);
  if (layerMode === state.layerMode && sameInterval([from, to], state.layers)) return state;
  return { ...state, layerMode, layers: [from, to] };
}

/** The middle third is a good first band: early layers see syntax, late ones the next word. */
function layersOfMode({ trace, layers }: HeatmapState, mode: LayerMode): Interval {
  const count = trace?.layers ?? 0;
  const middle = Math.floor(count / 2);
  if (mode === "all") return [0, count];
  const all = layers[0] === 0 && layers[1] >= count;
  if (mode === "one") return all ? [middle, middle + 1] : [layers[0], layers[0] + 1];
  if (layers[1] - layers[0] > 1 && !all) return layers;
  const third = Math.max(2, Math.round(count / 3));
  const from = all ? middle - Math.floor(third / 2) : layers[0];
  const start = Math.max(0, Math.min(from, count - third));
  return [start, Math.min(count, start + third)];
}

/** Which mode shows a band. */
export function modeOf({ trace }: Pick<HeatmapState, "trace">, [from, to]: Interval): LayerMode {
  if (from <= 0 && to >= (trace?.layers ?? 0)) return "all";
  return to - from === 1 ? "one" : "band";
}

/** The folder that the map shows after zooming out, or null when it shows everything. */
export function zoomOutPath(state: HeatmapState): string | null {
  return parentPath(state.zoom);
}

export function sameInterval(a: Interval | null, b: Interval | null): boolean {
  return a?.[0] === b?.[0] && a?.[1] === b?.[1];
}
