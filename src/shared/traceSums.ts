/** Sums over the regions of a map, from sums over files (or over runs of lines). */
import { baseName } from "./fileTree";
import type { MapStructure } from "./traceMap";
import type { Interval, TraceMap, TraceSums } from "./trace";

/**
 * Sums of all parts (the files of a trace, or runs of lines of one file) for one query, by number of the part. Columns
 * instead of objects: there may be 20,000 of them for each token that the pointer passes.
 */
export interface PartColumns {
  /** Layers of the model, and which of them the query chose. */
  readonly layers: number;
  readonly chosen: Interval;
  readonly selectingLayers: readonly number[];
  /** All selections that the query chose, those outside all parts too. */
  readonly selections: number;
  /** Tokens of the whole context that could be selected: mean over the steps. */
  readonly selectable: number;
  /** Tokens of each part that could be selected: mean over the steps, not rounded. */
  readonly tokens: ArrayLike<number>;
  /** Selections of each part over the chosen layers. */
  readonly selected: ArrayLike<number>;
  /** Selections of each part by layer, over all layers: layer × stride + part. */
  readonly byLayer: ArrayLike<number>;
  readonly stride: number;
}

/** share = selected / selections; lift = share / (tokens / selectable). Zero for nothing. */
export function ratios(
  { selections, selectable }: Pick<PartColumns, "selections" | "selectable">,
  selected: number,
  tokens: number,
): { readonly share: number; readonly lift: number } {
  const share = selections > 0 ? selected / selections : 0;
  const part = selectable > 0 ? tokens / selectable : 0;
  return { share, lift: part > 0 ? share / part : 0 };
}

/** Selections of one part by layer. */
export function layersOf({ byLayer, layers, stride }: PartColumns, part: number): number[] {
  return Array.from({ length: layers }, (_, layer) => byLayer[layer * stride + part] ?? 0);
}

export const maxBars = 6;

/** The structure with its bars: the most selected groups of `whole`, or regions where there is only one group. */
export function withBars(structure: MapStructure, whole: PartColumns): TraceMap {
  const { regionOf, ...map } = structure;
  const selected = new Float64Array(map.regions.length);
  regionOf.forEach((region, part) => {
    if (region >= 0) selected[region] = (selected[region] ?? 0) + (whole.selected[part] ?? 0);
  });
  const byGroup = map.groups.map(({ title }, group) => ({
    name: title,
    regions: map.regions.flatMap((region, number) => (region.group === group ? [number] : [])),
  }));
  const byRegion = map.regions.map((region, number) => ({
    name: region.name ?? (baseName(region.path) || "/"),
    regions: [number],
  }));
  const bars = (byGroup.length > 1 ? byGroup : byRegion)
    .map((bar) => ({ bar, sum: bar.regions.reduce((sum, region) => sum + (selected[region] ?? 0), 0) }))
    .sort((a, b) => b.sum - a.sum)
    .slice(0, maxBars)
    .map(({ bar }) => bar);
  return { ...map, bars };
}

/** The sums that `map` shows for one query. `most`: the two most selected files. */
export function sumRegions(
  map: TraceMap,
  regionOf: Int32Array,
  columns: PartColumns,
  most: TraceSums["most"],
): TraceSums {
  const count = map.regions.length;
  const { layers, chosen, stride, byLayer } = columns;
  const tokens = new Float64Array(count);
  const selected = new Float64Array(count);
  const cells = new Float64Array(count * layers);
  const perLayer = new Float64Array(layers);
  regionOf.forEach((region, part) => {
    if (region < 0) return;
    tokens[region] = (tokens[region] ?? 0) + (columns.tokens[part] ?? 0);
    selected[region] = (selected[region] ?? 0) + (columns.selected[part] ?? 0);
  });
  for (let layer = 0; layer < layers; layer++) {
    for (let part = 0; part < regionOf.length; part++) {
      const sum = byLayer[layer * stride + part] ?? 0;
      if (sum === 0) continue;
      perLayer[layer] = (perLayer[layer] ?? 0) + sum;
      const region = regionOf[part] ?? -1;
      if (region >= 0) cells[region * layers + layer] = (cells[region * layers + layer] ?? 0) + sum;
    }
  }
  const layersHit = Array.from({ length: count }, (_, region) => {
    let hit = 0;
    for (let layer = chosen[0]; layer < chosen[1]; layer++) if ((cells[region * layers + layer] ?? 0) > 0) hit++;
    return hit;
  });
  const bars = map.bars.map(({ regions }) =>
    Array.from({ length: layers }, (_, layer) =>
      regions.reduce((sum, region) => sum + (cells[region * layers + layer] ?? 0), 0),
    ),
  );
  return {
    selections: columns.selections,
    selectableTokens: Math.round(columns.selectable),
    tokens: Array.from(tokens, tenths),
    selected: Array.from(selected),
    layersHit,
    layersChosen: columns.selectingLayers.filter((layer) => layer >= chosen[0] && layer < chosen[1]).length,
    bars,
    byLayer: Array.from(perLayer),
    most,
  };
}

/** A mean with one digit: what a message needs. */
const tenths = (value: number): number => Math.round(value * 10) / 10;
