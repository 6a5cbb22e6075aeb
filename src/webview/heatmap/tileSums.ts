import type { TraceMap, TraceSums } from "../../shared/trace";
import { ratios } from "../../shared/traceSums";
import type { Tile } from "./layout";

/** Sums of a tile: share and lift as for one file. */
export interface RegionSums {
  /** Tokens that could be selected, mean over the steps. */
  readonly tokens: number;
  readonly always: number;
  readonly selected: number;
  readonly share: number;
  readonly lift: number;
  /** Chosen layers that selected something, at least. */
  readonly layersHit: number;
}

/** True for what was always attended to in every chosen step: it is in no ratio. Tokens are means, hence the half. */
export const isAlwaysSelected = ({ tokens }: { readonly tokens: number }): boolean => tokens < 0.5;

/** Sums over the regions that a tile stands for. */
export function sumTile({ size, regions }: Pick<Tile, "size" | "regions">, sums: TraceSums): RegionSums {
  let tokens = 0;
  let selected = 0;
  let layersHit = 0;
  for (const region of regions) {
    tokens += sums.tokens[region] ?? 0;
    selected += sums.selected[region] ?? 0;
    layersHit = Math.max(layersHit, sums.layersHit[region] ?? 0);
  }
  const whole = { selections: sums.selections, selectable: sums.selectableTokens };
  return {
    tokens,
    always: Math.max(0, Math.round(size - tokens)),
    selected,
    layersHit,
    ...ratios(whole, selected, tokens),
  };
}

/** Height of each bar of each layer, in [0, 1]: its share of the layer's selections by the largest of these shares. */
export function barHeights(map: TraceMap, sums: TraceSums): readonly (readonly number[])[] {
  const shares = sums.byLayer.map((total, layer) =>
    map.bars.map((_, bar) => (total > 0 ? (sums.bars[bar]?.[layer] ?? 0) / total : 0)),
  );
  const highest = Math.max(...shares.flat(), 1e-9);
  return shares.map((layer) => layer.map((share) => share / highest));
}
