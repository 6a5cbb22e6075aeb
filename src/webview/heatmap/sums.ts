import type { FileSelection, Interval, StandaloneTrace, TraceQuery, TraceSummary } from "../../shared/trace";

/** Sums of several files together. */
export interface RegionSums {
  readonly tokens: number;
  readonly always: number;
  readonly selected: number;
  readonly share: number;
  readonly lift: number;
  readonly files: number;
}

/** True for what was always attended to in every chosen step: it is in no ratio. Tokens are means, hence the half. */
export const isAlwaysSelected = ({ tokens }: { readonly tokens: number }): boolean => tokens < 0.5;

/** Sums over some files of a summary: share and lift as for one file. */
export function sumFiles(summary: TraceSummary, files: readonly FileSelection[]): RegionSums {
  let tokens = 0;
  let always = 0;
  let selected = 0;
  for (const file of files) {
    tokens += file.tokens;
    always += file.always;
    selected += file.selected;
  }
  return { tokens, always, selected, files: files.length, ...ratios(summary, selected, tokens) };
}

function ratios(
  summary: Pick<TraceSummary, "selections" | "selectableTokens">,
  selected: number,
  tokens: number,
): { share: number; lift: number } {
  const share = summary.selections > 0 ? selected / summary.selections : 0;
  const part = summary.selectableTokens > 0 ? tokens / summary.selectableTokens : 0;
  return { share, lift: part > 0 ? share / part : 0 };
}

const byPath = new WeakMap<TraceSummary, ReadonlyMap<string, FileSelection>>();

/** Files of a summary by path; made once for each summary, since several views look up thousands of files. */
export function filesByPath(summary: TraceSummary): ReadonlyMap<string, FileSelection> {
  const known = byPath.get(summary);
  if (known !== undefined) return known;
  const files = new Map(summary.files.map((file) => [file.path, file]));
  byPath.set(summary, files);
  return files;
}

/** Answers queries from the data of a self-contained page. */
export class StandaloneSums {
  private readonly decoded = new Map<number, Uint32Array>();

  constructor(private readonly data: StandaloneTrace) {}

  /** The sums that the engine would give, except that steps are rounded outwards to whole cells. */
  summary(query: Omit<TraceQuery, "id">): TraceSummary {
    const reading = query.phase === "question";
    const base = reading ? this.data.question : this.data.answer;
    if (query.layers === undefined && (reading || query.steps === undefined)) return base;
    const [from, to] = query.layers ?? [0, base.layers];
    const files = base.files.map((file, number): FileSelection => {
      const byLayer = reading || query.steps === undefined ? file.byLayer : this.byLayer(number, query.steps);
      const selected = byLayer.slice(from, to).reduce((sum, count) => sum + count, 0);
      return { ...file, byLayer, selected };
    });
    const selections = this.selections(query, base, [from, to]);
    const withRatios = files.map((file) => ({
      ...file,
      ...ratios({ selections, selectableTokens: base.selectableTokens }, file.selected, file.tokens),
    }));
    withRatios.sort((a, b) => b.selected - a.selected);
    return { ...base, selections, files: withRatios };
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

  private byLayer(number: number, [from, to]: Interval): number[] {
    const { layers } = this.data.answer;
    const sums = new Array<number>(layers).fill(0);
    const first = Math.floor(from / this.data.stride) * layers;
    const end = Math.ceil(to / this.data.stride) * layers;
    const cells = this.cells(number);
    for (let at = 0; at < cells.length; at += 2) {
      const [cell = 0, count = 0] = [cells[at], cells[at + 1]];
      if (cell >= first && cell < end) sums[cell % layers] = (sums[cell % layers] ?? 0) + count;
    }
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
