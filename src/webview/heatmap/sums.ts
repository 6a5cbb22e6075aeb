import type { Interval, StandaloneTrace, TraceQuery, TraceSummary } from "../../shared/trace";
import type { PartColumns } from "../../shared/traceSums";

/** Adds up the data of a self-contained page, as the engine does its trace. Files are numbered as in `answer.files`. */
export class StandaloneSums {
  private readonly decoded = new Map<number, Uint32Array>();
  /** Number of each file of the question's summary among those of the answer's. */
  private readonly reading: readonly number[];

  constructor(private readonly data: StandaloneTrace) {
    const numbers = new Map(data.answer.files.map((file, number) => [file.path, number]));
    this.reading = data.question.files.map((file) => numbers.get(file.path) ?? -1);
  }

  /** The sums that the engine would give, except that steps are rounded outwards to whole cells. */
  columns(query: Omit<TraceQuery, "id">): PartColumns {
    const reading = query.phase === "question";
    const base = reading ? this.data.question : this.data.answer;
    const chosen = query.layers ?? ([0, base.layers] as const);
    const stride = this.data.answer.files.length;
    const byLayer = reading ? this.ofQuestion(stride) : this.ofAnswer(stride, query.steps);
    const selected = new Uint32Array(stride);
    for (let layer = chosen[0]; layer < chosen[1]; layer++) {
      for (let file = 0; file < stride; file++) {
        selected[file] = (selected[file] ?? 0) + (byLayer[layer * stride + file] ?? 0);
      }
    }
    const tokens = new Float64Array(stride);
    base.files.forEach((file, at) => (tokens[reading ? (this.reading[at] ?? at) : at] = file.tokens));
    return {
      layers: base.layers,
      chosen,
      selectingLayers: base.selectingLayers,
      selections: this.selections(query, base, chosen),
      selectable: base.selectableTokens,
      tokens,
      selected,
      byLayer,
      stride,
    };
  }

  /** All selections of the chosen steps and layers, also those between files: every layer selects k at every step. */
  private selections({ steps, phase }: Omit<TraceQuery, "id">, base: TraceSummary, [from, to]: Interval): number {
    const layers = base.selectingLayers.filter((layer) => layer >= from && layer < to).length;
    const part = layers / Math.max(1, base.selectingLayers.length);
    if (steps === undefined || phase === "question") return Math.round(base.selections * part);
    const { stride } = this.data;
    const first = Math.floor(steps[0] / stride) * stride;
    const end = Math.min(base.steps, Math.ceil(steps[1] / stride) * stride);
    return Math.round((base.selections * part * (end - first)) / Math.max(1, base.steps));
  }

  private ofQuestion(stride: number): Uint32Array {
    const { layers, files } = this.data.question;
    const sums = new Uint32Array(stride * layers);
    files.forEach((file, at) => {
      const number = this.reading[at] ?? -1;
      if (number >= 0) file.byLayer.forEach((count, layer) => (sums[layer * stride + number] = count));
    });
    return sums;
  }

  private ofAnswer(stride: number, steps: Interval | undefined): Uint32Array {
    const { layers, files } = this.data.answer;
    const sums = new Uint32Array(stride * layers);
    const first = steps === undefined ? 0 : Math.floor(steps[0] / this.data.stride) * layers;
    const end = steps === undefined ? Infinity : Math.ceil(steps[1] / this.data.stride) * layers;
    files.forEach((file, number) => {
      if (steps === undefined) {
        file.byLayer.forEach((count, layer) => (sums[layer * stride + number] = count));
        return;
      }
      const cells = this.cells(number);
      for (let at = 0; at < cells.length; at += 2) {
        const [cell = 0, count = 0] = [cells[at], cells[at + 1]];
        if (cell < first || cell >= end) continue;
        const target = (cell % layers) * stride + number;
        sums[target] = (sums[target] ?? 0) + count;
      }
    });
    return sums;
  }

  /** Cell and selections, alternating. */
  private cells(number: number): Uint32Array {
    const known = this.decoded.get(number);
    if (known !== undefined) return known;
    const cells = decodeCells(this.data.sums[number] ?? "");
    this.decoded.set(number, cells);
    return cells;
  }
}

/** Undoes the coding of `StandaloneTrace.sums`: absolute cell and selections, alternating. */
export function decodeCells(base64: string): Uint32Array {
  const bytes = atob(base64);
  const values: number[] = [];
  let value = 0;
  let scale = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    value += (byte & 127) * scale;
    if (byte >= 128) {
      scale *= 128;
      continue;
    }
    values.push(value);
    value = 0;
    scale = 1;
  }
  const cells = Uint32Array.from(values);
  for (let at = 2; at < cells.length; at += 2) cells[at] = (cells[at] ?? 0) + (cells[at - 2] ?? 0);
  return cells;
}
