/** How well each layer's selection, while the question is read, points at the lines that hold the truth. */
import type { TraceIndex } from "../../src/engine/trace/query";
import type { LineSelection } from "../../src/shared/trace";
import type { Truth } from "./questions";

export interface LayerRecall {
  /** By layer: lift of the best of the lines that hold the truth; 0 where nothing was selected or the layer is dense. */
  readonly lift: readonly number[];
  /**
   * Rank of the best of these lines among all lines that were selected: by lift, and by how many standard deviations of
   * chance they were selected more often. Over all layers, the later half and the middle half.
   */
  readonly rank: Readonly<Record<"all" | "late" | "middle", Rank>>;
}

interface Rank {
  readonly byLift: number | null;
  readonly byDeviation: number | null;
}

export function layerRecall(index: TraceIndex, truth: Truth): LayerRecall {
  const { layers } = index.trace;
  const select = (from: number, to: number): LineSelection[] =>
    index.lines({ phase: "question", layers: [from, to] }, Infinity);
  const isTrue = ({ path, line }: LineSelection): boolean =>
    path === truth.path && line >= truth.startLine && line <= truth.endLine;
  const rankOf = (lines: readonly LineSelection[]): number | null => {
    const at = lines.findIndex(isTrue);
    return at === -1 ? null : at + 1;
  };
  const ranks = (from: number, to: number): Rank => {
    const lines = select(from, to);
    return { byLift: rankOf(lines), byDeviation: rankOf(lines.toSorted((a, b) => deviation(b) - deviation(a))) };
  };
  const half = Math.floor(layers / 2);
  const quarter = Math.floor(layers / 4);
  return {
    lift: Array.from({ length: layers }, (_, layer) => {
      const best = select(layer, layer + 1).find(isTrue);
      return Number((best?.lift ?? 0).toFixed(2));
    }),
    rank: { all: ranks(0, layers), late: ranks(half, layers), middle: ranks(quarter, layers - quarter) },
  };
}

/** Selections beyond the fair share, in standard deviations of chance: short lines reach a high lift by one token. */
function deviation({ selected, lift }: LineSelection): number {
  const expected = selected / lift;
  return (selected - expected) / Math.sqrt(expected);
}
