import type { Interval, RankColumn, RankUnit, TracePhase } from "../../shared/trace";
import { defaultSort, type HeatmapState, type Sort } from "./state";

const columns: readonly RankColumn[] = ["name", "tokens", "selected", "share", "lift"];
const units: readonly RankUnit[] = ["files", "symbols", "lines"];

/** What survives a reload of the window, for the trace that it belongs to. */
export interface KeptState {
  readonly id: string;
  readonly pinned: Interval | null;
  readonly layers: Interval;
  readonly phase: TracePhase;
  readonly zoom: string;
  readonly selected: string | null;
  readonly unit: RankUnit;
  readonly sort: Sort;
  readonly filter: string;
}

/** The part of the state that is kept; null without a trace. */
export function keptState(state: HeatmapState): KeptState | null {
  const { trace, pinned, layers, phase, zoom, selected, unit, sort, filter } = state;
  return trace === null ? null : { id: trace.id, pinned, layers, phase, zoom, selected, unit, sort, filter };
}

/** Checks what an earlier version of this page may have kept; null when it cannot be used. */
export function parseKept(value: unknown): KeptState | null {
  if (!isRecord(value)) return null;
  const { id, pinned, layers, phase, zoom, selected, unit, sort, filter } = value;
  const band = interval(layers);
  if (typeof id !== "string" || typeof zoom !== "string" || typeof filter !== "string" || band === null) return null;
  return {
    id,
    pinned: interval(pinned),
    layers: band,
    phase: phase === "question" ? "question" : "answer",
    zoom,
    selected: typeof selected === "string" ? selected : null,
    unit: units.find((name) => name === unit) ?? "files",
    sort: parseSort(sort),
    filter,
  };
}

function parseSort(value: unknown): Sort {
  if (!isRecord(value)) return defaultSort;
  const column = columns.find((name) => name === value["column"]);
  return column === undefined ? defaultSort : { column, descending: value["descending"] === true };
}

function interval(value: unknown): Interval | null {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isSafeInteger)) return null;
  const [from, to] = value as [number, number];
  return from < to ? [from, to] : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
