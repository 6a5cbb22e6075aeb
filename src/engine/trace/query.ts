import { userErrors } from "../../shared/errors";
import { pathOrder } from "../../shared/traceRank";
import { ratios, layersOf, type PartColumns } from "../../shared/traceSums";
import type {
  FileSelection,
  FileTrace,
  FileTraceLine,
  Interval,
  LineSelection,
  StepSelection,
  TracePhase,
  TraceQuery,
  TraceSummary,
} from "../../shared/trace";
import { Exposure } from "./exposure";
import { densestRun, LineTable } from "./lineTable";
import { LastUsed } from "./lru";
import { Parts } from "./parts";
import { Selections } from "./selections";
import { stepSums } from "./stepSums";
import { lineTokens } from "./tokenView";
import type { Trace, TracedFile, TraceStep } from "./types";

/** Which steps, layers and phase are meant; the id is the trace's. */
export type Selector = Omit<TraceQuery, "id">;

/** A checked selector. */
export interface Choice {
  readonly phase: TracePhase;
  readonly steps: Interval;
  readonly layers: Interval;
}

/** One phase of a trace, decoded once. */
interface PhaseIndex {
  readonly steps: readonly TraceStep[];
  readonly selections: Selections;
}

/** Sums of some parts for one choice of steps, all layers. */
interface StepSums {
  readonly exposure: Exposure;
  readonly tokens: Float64Array;
  readonly byLayer: Uint32Array;
}

/** Token counts and sums of this many queries are kept: pointing at tokens alternates between a few. */
const KEPT_COUNTS = 8;
const LOCAL_PATHS = 3;
const WORD = /[\p{L}\p{N}]/u;

/** Sums over one trace; decodes it once, answers many queries. Definitions as in shared/trace.ts. */
export class TraceIndex {
  readonly trace: Trace;
  readonly #phases = new Map<TracePhase, PhaseIndex>();
  readonly #tables = new Map<TracedFile, LineTable>();
  readonly #counts = new LastUsed<Uint32Array>(KEPT_COUNTS);
  readonly #sums = new LastUsed<StepSums>(KEPT_COUNTS);
  #fileParts: Parts | null = null;
  #numbers: ReadonlyMap<string, number> | null = null;
  #selecting: readonly number[] | null = null;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Number of a file in the trace, or undefined. */
  fileNumber(path: string): number | undefined {
    this.#numbers ??= new Map(this.trace.files.map((file, number) => [file.path, number]));
    return this.#numbers.get(path);
  }

  /** The files of the trace as parts. */
  get fileParts(): Parts {
    if (this.#fileParts !== null) return this.#fileParts;
    const runs = this.trace.files.map(({ start, count }, part) => ({ from: start, to: start + count, part }));
    return (this.#fileParts = new Parts("files", runs.length, runs));
  }

  /** Sums by file, most selected first, at most `limit` of them. @throws LongsightError LS-601 */
  summary(query: Selector, limit = Infinity): TraceSummary {
    const { trace } = this;
    const choice = this.choose(query);
    const columns = this.columns(choice, this.fileParts);
    const { steps } = this.#phase(choice.phase);
    const last = steps[choice.steps[1] - 1];
    const answer = trace.steps.filter((step) => step.phase === "answer");
    const initialTokens = Math.min(trace.initial, trace.contextTokens);
    const local = trace.files
      .map(({ path, count }, number) => ({ path, always: count - Math.round(columns.tokens[number] ?? 0) }))
      .filter(({ always }) => always > initialTokens)
      .sort((a, b) => b.always - a.always);
    return {
      id: trace.id,
      question: trace.question,
      asOf: trace.asOf,
      model: trace.model,
      layers: trace.layers,
      selectingLayers: columns.selectingLayers,
      steps: answer.length,
      k: trace.k,
      answer: answer.map(({ text }, step) => ({ step, text })),
      contextTokens: trace.contextTokens,
      selectableTokens: Math.round(columns.selectable),
      initialTokens,
      localTokens: Math.max(0, trace.contextTokens - (last?.selectable[1] ?? trace.contextTokens)),
      localFiles: local.length,
      localPaths: local.slice(0, LOCAL_PATHS).map(({ path }) => path),
      selections: columns.selections,
      fileCount: trace.files.length,
      files: this.mostSelected(columns, limit).map((number) => this.#fileSelection(number, choice, columns)),
    };
  }

  /** Numbers of the most selected files; those with as many in the order of their paths. */
  mostSelected({ selected }: PartColumns, limit: number): number[] {
    const order = pathOrder(this.trace.files);
    const some = order.filter((number) => (selected[number] ?? 0) > 0);
    some.sort((a, b) => (selected[b] ?? 0) - (selected[a] ?? 0));
    if (some.length >= limit) return some.slice(0, limit);
    return [...some, ...order.filter((number) => (selected[number] ?? 0) === 0)].slice(0, limit);
  }

  /** Tokens of the lines [from, to) (1-based) of a file. @throws LongsightError LS-601 */
  file(query: Selector & { readonly path: string; readonly lines: Interval }): FileTrace {
    const choice = this.choose(query);
    const number = this.#number(query.path);
    const { byLayer: _, ...selection } = this.#fileSelection(number, choice, this.columns(choice, this.fileParts));
    const table = this.table(this.#file(number));
    const counts = this.counts(choice);
    const sums = table.sums(counts);
    const from = Math.max(1, query.lines[0]);
    const to = Math.min(table.count + 1, query.lines[1]);
    const lines: FileTraceLine[] = [];
    for (let line = from; line < to; line++) {
      lines.push(cutLine({ line, text: table.text(line - 1), tokens: lineTokens(table, line - 1, counts) }));
    }
    return {
      path: table.file.path,
      lineCount: table.count,
      sums: selection,
      strip: Array.from(sums, (sum, line) => sum / Math.max(1, tokensInLine(table, line))),
      maxCount: (choice.layers[1] - choice.layers[0]) * (choice.steps[1] - choice.steps[0]),
      lines,
    };
  }

  /** The steps that selected tokens of the lines [from, to) (1-based) of a file. @throws LongsightError LS-601 */
  selectingSteps(query: Selector & { readonly path: string; readonly lines: Interval }): StepSelection[] {
    const choice = this.choose(query);
    const { firstTokens, count } = this.table(this.#file(this.#number(query.path)));
    const tokenAt = (line: number): number => firstTokens[Math.min(Math.max(line - 1, 0), count)] ?? 0;
    const { steps, selections } = this.#phase(choice.phase);
    const tokens = [tokenAt(query.lines[0]), tokenAt(query.lines[1])] as const;
    const sums = stepSums(selections, choice.steps, choice.layers, tokens);
    const found: StepSelection[] = [];
    sums.forEach((selected, index) => {
      const step = choice.steps[0] + index;
      if (selected > 0) found.push({ step, text: steps[step]?.text ?? "", selected });
    });
    return found;
  }

  /**
   * The most lifted lines of all files, most lifted first. Lines without a letter or digit are left out: punctuation and
   * blank lines gather selections everywhere and say nothing about a place.
   * @throws LongsightError LS-601
   */
  lines(query: Selector, limit: number): LineSelection[] {
    const choice = this.choose(query);
    const columns = this.columns(choice, this.fileParts);
    const found: LineSelection[] = [];
    this.trace.files.forEach((file, number) => {
      if (columns.selected[number] === 0) return;
      for (const { line, selected, tokens } of this.fileLines(file, choice)) {
        found.push({ path: file.path, line, selected, lift: ratios(columns, selected, tokens).lift });
      }
    });
    found.sort((a, b) => b.lift - a.lift || b.selected - a.selected || compare(a.path, b.path) || a.line - b.line);
    return found.slice(0, limit);
  }

  /** The lines of a file that were selected and hold a letter or digit, with their selectable tokens (mean). */
  fileLines(file: TracedFile, choice: Choice): { line: number; selected: number; tokens: number }[] {
    const table = this.table(file);
    const { exposure } = this.#stepSums(choice, this.fileParts);
    const found: { line: number; selected: number; tokens: number }[] = [];
    table.sums(this.counts(choice)).forEach((selected, line) => {
      if (selected === 0 || !WORD.test(table.text(line))) return;
      const region = exposure.of(table.firstTokens[line] ?? 0, table.firstTokens[line + 1] ?? 0);
      found.push({ line: line + 1, selected, tokens: region / Math.max(1, exposure.steps) });
    });
    return found;
  }

  /** Sums of parts for a choice. */
  columns(choice: Choice, parts: Parts): PartColumns {
    const { exposure, tokens, byLayer } = this.#stepSums(choice, parts);
    const stride = parts.count + 1;
    const selected = new Uint32Array(stride);
    for (let layer = choice.layers[0]; layer < choice.layers[1]; layer++) {
      for (let part = 0; part < stride; part++) {
        selected[part] = (selected[part] ?? 0) + (byLayer[layer * stride + part] ?? 0);
      }
    }
    return {
      layers: this.trace.layers,
      chosen: choice.layers,
      selectingLayers: this.#selectingLayers(),
      selections: selected.reduce((sum, count) => sum + count, 0),
      selectable: exposure.steps === 0 ? 0 : exposure.total / exposure.steps,
      tokens,
      selected,
      byLayer,
      stride,
    };
  }

  /** The densest lines of a file under a choice, 1-based, inclusive; null when nothing was selected. */
  densest(file: TracedFile, choice: Choice): readonly [number, number] | null {
    const table = this.table(file);
    const { exposure } = this.#stepSums(choice, this.fileParts);
    const weights = Float64Array.from({ length: table.count }, (_, line) =>
      exposure.of(table.firstTokens[line] ?? 0, table.firstTokens[line + 1] ?? 0),
    );
    return densestRun(table.sums(this.counts(choice)), weights);
  }

  /** Selections of each token of the context under a choice. */
  counts(choice: Choice): Uint32Array {
    return this.#counts.get(countsKey(choice), () => {
      const counts = new Uint32Array(this.trace.contextTokens);
      this.#phase(choice.phase).selections.count(choice.steps, choice.layers, counts);
      return counts;
    });
  }

  /** The lines of a file. */
  table(file: TracedFile): LineTable {
    let table = this.#tables.get(file);
    if (table === undefined) {
      table = new LineTable(file);
      this.#tables.set(file, table);
    }
    return table;
  }

  /** @throws LongsightError LS-601 for steps or layers that the trace does not have */
  choose(query: Selector): Choice {
    const phase = query.phase ?? "answer";
    const { steps } = this.#phase(phase);
    return {
      phase,
      steps: checked("steps", query.steps, steps.length),
      layers: checked("layers", query.layers, this.trace.layers),
    };
  }

  #number(path: string): number {
    const number = this.fileNumber(path);
    if (number === undefined) throw userErrors.badArgument("path", `${path} was not in the context of this answer.`);
    return number;
  }

  #file(number: number): TracedFile {
    const file = this.trace.files[number];
    if (file === undefined) throw new RangeError(`no file ${number}`);
    return file;
  }

  #fileSelection(number: number, choice: Choice, columns: PartColumns): FileSelection {
    const file = this.#file(number);
    const mean = columns.tokens[number] ?? 0;
    const tokens = Math.round(mean);
    const selected = columns.selected[number] ?? 0;
    return {
      path: file.path,
      tokens,
      always: file.count - tokens,
      selected,
      ...ratios(columns, selected, mean),
      byLayer: layersOf(columns, number),
      densest: selected === 0 ? null : this.densest(file, choice),
    };
  }

  #stepSums({ phase, steps }: Choice, parts: Parts): StepSums {
    return this.#sums.get(`${parts.key} ${phase} ${steps.join()}`, () => {
      const index = this.#phase(phase);
      const exposure = new Exposure(index.steps.slice(...steps).map((step) => step.selectable));
      const counts = new Uint32Array(this.trace.contextTokens);
      const byLayer = parts.sums(index.selections, steps, counts);
      // The same walk gives the counts of all layers, which lines and tokens are shown with.
      this.#counts.get(countsKey({ phase, steps, layers: [0, this.trace.layers] }), () => counts);
      return { exposure, tokens: parts.selectable(exposure), byLayer };
    });
  }

  #phase(phase: TracePhase): PhaseIndex {
    let index = this.#phases.get(phase);
    if (index === undefined) {
      const steps = this.trace.steps.filter((step) => step.phase === phase);
      index = { steps, selections: new Selections(steps, this.trace.layers) };
      this.#phases.set(phase, index);
    }
    return index;
  }

  #selectingLayers(): readonly number[] {
    const { selections, steps } = this.#phase("answer");
    this.#selecting ??= Array.from({ length: this.trace.layers }, (_, layer) => layer).filter((layer) =>
      steps.some((_, step) => selections.tokens(step, layer).length > 0),
    );
    return this.#selecting;
  }
}

const countsKey = ({ phase, steps, layers }: Choice): string => `${phase} ${steps.join()} ${layers.join()}`;

/** Tokens and UTF-16 units of a line that are shown: a line may hold a megabyte. */
const LINE_TOKENS = 400;
const LINE_UNITS = 4000;

function cutLine(line: FileTraceLine): FileTraceLine {
  const { text, tokens } = line;
  const kept = tokens.slice(0, LINE_TOKENS).filter(({ column, length }) => column + length <= LINE_UNITS);
  if (kept.length === tokens.length && text.length <= LINE_UNITS) return line;
  const last = kept.at(-1);
  const end = kept.length === tokens.length ? LINE_UNITS : last === undefined ? 0 : last.column + last.length;
  return { ...line, text: text.slice(0, end), tokens: kept, more: tokens.length - kept.length };
}

function checked(name: string, interval: Interval | undefined, end: number): Interval {
  if (interval === undefined) return [0, end];
  const [from, to] = interval;
  const whole = Number.isInteger(from) && Number.isInteger(to);
  if (!whole || from < 0 || to > end || from >= to) {
    throw userErrors.badArgument(name, `[${from}, ${to}) is no part of [0, ${end}).`);
  }
  return interval;
}

const tokensInLine = (table: LineTable, line: number): number =>
  (table.firstTokens[line + 1] ?? 0) - (table.firstTokens[line] ?? 0);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
