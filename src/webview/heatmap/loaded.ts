import type { Interval, TraceSummary } from "../../shared/trace";
import type { HeatmapViewState } from "../../shared/views";
import type { KeptState } from "./kept";
import { initialState, modeOf, type HeatmapState } from "./state";

/** The state after the host showed another answer, or none. */
export function loaded(state: HeatmapState, view: HeatmapViewState, kept: KeptState | null): HeatmapState {
  const { kind, error, summary, other, comparing } = view;
  const { pixels, sort, unit } = state;
  if (kind !== "trace" || summary === null) return { ...initialState, kind, error, pixels, sort, unit };
  if (state.trace?.id === summary.id) return recompared(state, other, comparing);
  const fresh: HeatmapState = {
    ...initialState,
    kind,
    pixels,
    trace: summary,
    layers: [0, Math.max(1, summary.layers)],
    selected: summary.files.find((file) => file.selected > 0)?.path ?? null,
  };
  const shown = kept?.id === summary.id ? restored(fresh, summary, kept) : fresh;
  return recompared(shown, other, comparing);
}

/** Shows, changes or ends the comparison; everything else stays. */
function recompared(state: HeatmapState, other: TraceSummary | null, comparing: boolean): HeatmapState {
  if (other === null && state.other === null) return { ...state, comparing };
  const sort = { column: other === null ? ("selected" as const) : ("difference" as const), descending: true };
  const unit = other === null ? state.unit : "files";
  const same = other?.id === state.other?.id;
  return { ...state, other, comparing, unit, sort, ...(!same && { otherPinned: null, otherSums: null }) };
}

/** What was kept, as far as the trace still has it. Paths are checked by the engine: an unknown folder is empty. */
function restored(fresh: HeatmapState, trace: TraceSummary, kept: KeptState): HeatmapState {
  const inside = ([from, to]: Interval, end: number): boolean => from >= 0 && from < to && to <= end;
  const layers = inside(kept.layers, trace.layers) ? kept.layers : fresh.layers;
  return {
    ...fresh,
    layers,
    layerMode: modeOf(fresh, layers),
    pinned: kept.pinned !== null && inside(kept.pinned, trace.steps) ? kept.pinned : null,
    phase: kept.phase,
    zoom: kept.zoom,
    selected: kept.selected ?? fresh.selected,
    unit: kept.unit,
    sort: kept.sort,
    filter: kept.filter,
  };
}
