/** How well each layer's selection, while the question is read, points at the lines that hold the truth. */
import type { TraceIndex } from "../../src/engine/trace/query";
import type { Truth } from "./questions";

export interface LayerRecall {
  /** By layer: lift of the lines that hold the truth; 0 where nothing was selected or the layer is dense. */
  readonly lift: readonly number[];
  /** Rank of the best of these lines among all lines, over all layers, over the later half and over the middle half. */
  readonly rank: Readonly<Record<string, number | null>>;
}

export function layerRecall(index: TraceIndex, truth: Truth | null): LayerRecall {
  const { layers } = index.trace;
  const best = (from: number, to: number): { lift: number; rank: number | null } => {
    const lines = index.lines({ phase: "question", layers: [from, to] }, Infinity);
    const at = lines.findIndex(
      ({ path, line }) => path === truth?.path && line >= truth.startLine && line <= truth.endLine,
    );
    return { lift: Number((lines[at]?.lift ?? 0).toFixed(2)), rank: at === -1 ? null : at + 1 };
  };
  const half = Math.floor(layers / 2);
  const quarter = Math.floor(layers / 4);
  return {
    lift: truth === null ? [] : Array.from({ length: layers }, (_, layer) => best(layer, layer + 1).lift),
    rank: {
      all: best(0, layers).rank,
      late: best(half, layers).rank,
      middle: best(quarter, layers - quarter).rank,
    },
  };
}
