import type { ErrorValue } from "../../shared/errors";
import type { Interval, TracePhase, TraceQuery, TraceSummary } from "../../shared/trace";
import type { HeatmapViewState } from "../../shared/views";
import { defaultSort, nextSort, type Sort, type SortColumn } from "./ranking";
import { parentPath } from "./tree";

export type LayerMode = "all" | "one" | "band";

/** The one value that the panel shows. Map, table and code are views of it. */
export interface HeatmapState {
  readonly kind: HeatmapViewState["kind"];
  readonly error: ErrorValue | null;
  /** The whole answer, all layers; fixes the layout of the map. */
  readonly trace: TraceSummary | null;
  /** Sums of the pinned steps, chosen layers and phase; fixes the order of the table. */
  readonly committed: TraceSummary | null;
  /** Sums of the hovered steps; null when nothing is hovered or they have not come yet. */
  readonly preview: TraceSummary | null;
  readonly pinned: Interval | null;
  readonly hovered: Interval | null;
  readonly layerMode: LayerMode;
  /** Chosen layers; not empty. */
  readonly layers: Interval;
  readonly phase: TracePhase;
  /** Folder that the map shows; empty for everything. */
  readonly zoom: string;
  /** Path of the file that the code shows. */
  readonly selected: string | null;
  /** Path of the file under the pointer, in the map or the table. */
  readonly marked: string | null;
  readonly sort: Sort;
  readonly filter: string;
  /** Why the last query failed, until another one succeeds. */
  readonly problem: string | null;
}

export const initialState: HeatmapState = {
  kind: "empty",
  error: null,
  trace: null,
  committed: null,
  preview: null,
  pinned: null,
  hovered: null,
  layerMode: "all",
  layers: [0, 1],
  phase: "answer",
  zoom: "",
  selected: null,
  marked: null,
  sort: defaultSort,
  filter: "",
  problem: null,
};

export type Action =
  | { readonly type: "loaded"; readonly view: HeatmapViewState; readonly kept: KeptState | null }
  | { readonly type: "hover"; readonly steps: Interval | null }
  | { readonly type: "pin"; readonly steps: Interval | null }
  | { readonly type: "layerMode"; readonly mode: LayerMode }
  | { readonly type: "layers"; readonly layers: Interval }
  | { readonly type: "phase"; readonly phase: TracePhase }
  | { readonly type: "zoom"; readonly path: string }
  | { readonly type: "select"; readonly path: string | null }
  | { readonly type: "mark"; readonly path: string | null }
  | { readonly type: "sort"; readonly column: SortColumn }
  | { readonly type: "filter"; readonly text: string }
  | { readonly type: "sums"; readonly query: TraceQuery; readonly summary: TraceSummary }
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
    case "layerMode":
      return withLayers(state, action.mode, layersOfMode(state, action.mode));
    case "layers":
      return withLayers(state, modeOf(state, action.layers), action.layers);
    case "phase":
      return action.phase === state.phase ? state : { ...state, phase: action.phase, hovered: null, preview: null };
    case "zoom":
      return action.path === state.zoom ? state : { ...state, zoom: action.path, marked: null };
    case "select":
      return action.path === state.selected ? state : { ...state, selected: action.path };
    case "mark":
      return action.path === state.marked ? state : { ...state, marked: action.path };
    case "sort":
      return { ...state, sort: nextSort(state.sort, action.column) };
    case "filter":
      return action.text === state.filter ? state : { ...state, filter: action.text };
    case "sums":
      return withSums(state, action.query, action.summary);
    case "problem":
      return isWanted(state, action.query) ? { ...state, problem: action.message } : state;
  }
}

/** What the map and the table show now: the preview while something is hovered. */
export function shownSums(state: HeatmapState): TraceSummary | null {
  return state.preview ?? state.committed;
}

/** The query behind the table's order: pinned steps, chosen layers, phase. Null without a trace. */
export function committedQuery(state: HeatmapState): TraceQuery | null {
  return queryFor(state, state.pinned);
}

/** The query behind a preview, or null when nothing is hovered. */
export function previewQuery(state: HeatmapState): TraceQuery | null {
  return state.hovered === null ? null : queryFor(state, state.hovered);
}

/** The query of what is shown now: fits `shownSums`. */
export function shownQuery(state: HeatmapState): TraceQuery | null {
  return state.preview === null ? committedQuery(state) : previewQuery(state);
}

/** Equal for queries that ask for the same sums. */
export function queryKey({ id, steps, layers, phase }: TraceQuery): string {
  return JSON.stringify([id, steps ?? null, layers ?? null, phase ?? "answer"]);
}

/** Steps and layers are left out where all are meant. */
function queryFor({ trace, phase, layers }: HeatmapState, steps: Interval | null): TraceQuery | null {
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
  return [committedQuery(state), previewQuery(state)].some((wanted) => wanted !== null && queryKey(wanted) === key);
}

function withSums(state: HeatmapState, query: TraceQuery, summary: TraceSummary): HeatmapState {
  const key = queryKey(query);
  const [committed, preview] = [committedQuery(state), previewQuery(state)];
  const forCommitted = committed !== null && queryKey(committed) === key;
  const forPreview = preview !== null && queryKey(preview) === key;
  if (!forCommitted && !forPreview) return state;
  return {
    ...state,
    committed: forCommitted ? summary : state.committed,
    preview: forPreview ? summary : state.preview,
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
  return [
    Math.max(0, Math.min(from, count - third)),
    Math.min(count, Math.max(0, Math.min(from, count - third)) + third),
  ];
}

function modeOf({ trace }: HeatmapState, [from, to]: Interval): LayerMode {
  if (from <= 0 && to >= (trace?.layers ?? 0)) return "all";
  return to - from === 1 ? "one" : "band";
}

/** What survives a reload of the window, for the trace that it belongs to. */
export interface KeptState {
  readonly id: string;
  readonly pinned: Interval | null;
  readonly layers: Interval;
  readonly phase: TracePhase;
  readonly zoom: string;
  readonly selected: string | null;
  readonly sort: Sort;
  readonly filter: string;
}

/** The part of the state that is kept; null without a trace. */
export function keptState({
  trace,
  pinned,
  layers,
  phase,
  zoom,
  selected,
  sort,
  filter,
}: HeatmapState): KeptState | null {
  return trace === null ? null : { id: trace.id, pinned, layers, phase, zoom, selected, sort, filter };
}

function loaded(state: HeatmapState, view: HeatmapViewState, kept: KeptState | null): HeatmapState {
  const { kind, error, summary } = view;
  if (kind !== "trace" || summary === null) return { ...initialState, kind, error, sort: state.sort };
  const fresh: HeatmapState = {
    ...initialState,
    kind,
    trace: summary,
    committed: summary,
    layers: [0, Math.max(1, summary.layers)],
    sort: state.sort,
    selected: summary.files.find((file) => file.selected > 0)?.path ?? null,
  };
  return kept?.id === summary.id ? restored(fresh, summary, kept) : fresh;
}

/** What was kept, as far as the trace still has it. */
function restored(fresh: HeatmapState, trace: TraceSummary, kept: KeptState): HeatmapState {
  const has = (path: string | null): boolean => trace.files.some((file) => file.path === path);
  const inside = ([from, to]: Interval, end: number): boolean => from >= 0 && from < to && to <= end;
  const layers = inside(kept.layers, trace.layers) ? kept.layers : fresh.layers;
  const zoomed = kept.zoom !== "" && trace.files.some((file) => file.path.startsWith(`${kept.zoom}/`));
  return {
    ...fresh,
    layers,
    layerMode: modeOf(fresh, layers),
    pinned: kept.pinned !== null && inside(kept.pinned, trace.steps) ? kept.pinned : null,
    phase: kept.phase,
    zoom: zoomed ? kept.zoom : "",
    selected: has(kept.selected) ? kept.selected : fresh.selected,
    sort: kept.sort,
    filter: kept.filter,
  };
}

/** The folder that the map shows after zooming out, or null when it shows everything. */
export function zoomOutPath(state: HeatmapState): string | null {
  return parentPath(state.zoom);
}

export function sameInterval(a: Interval | null, b: Interval | null): boolean {
  return a?.[0] === b?.[0] && a?.[1] === b?.[1];
}
