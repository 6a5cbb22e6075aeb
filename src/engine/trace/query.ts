import { userErrors } from "../../shared/errors";
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
import { FileSums } from "./fileSums";
import { densestRun, LineTable } from "./lineTable";
import { Selections } from "./selections";
import { stepSums } from "./stepSums";
import { lineTokens } from "./tokenView";
import type { Trace, TracedFile, TraceStep } from "./types";

/** Which steps, layers and phase are meant; the id is the trace's. */
export type Selector = Omit<TraceQuery, "id">;

/** A checked selector. */
interface Choice {
  readonly phase: TracePhase;
  readonly steps: Interval;
  readonly layers: Interval;
}

/** One phase of a trace, decoded once. */
interface PhaseIndex {
  readonly steps: readonly TraceStep[];
  readonly selections: Selections;
  readonly sums: FileSums;
}

/** Token counts of this many queries are kept: pointing at tokens alternates between a few. */
const KEPT_COUNTS = 8;
const WORD = /[\p{L}\p{N}]/u;

/** Sums over one trace; decodes it once, answers many queries. Definitions as in shared/trace.ts. */
export class TraceIndex {
  readonly trace: Trace;
  readonly #phases = new Map<TracePhase, PhaseIndex>();
  readonly #tables = new Map<TracedFile, LineTable>();
  readonly #counts = new Map<string, Uint32Array>();

  constructor(trace: Trace) {
    this.trace = trace;
  }

  /** Sums by file. @throws LongsightError LS-601 for steps or layers that the trace does not have */
  summary(query: Selector): TraceSummary {
    const { trace } = this;
    const choice = this.#choose(query);
    const { steps, sums } = this.#phase(choice.phase);
    const exposure = exposureOf(steps, choice.steps);
    const { total: selectable } = exposure;
    const selections = sums.total(choice.steps, choice.layers);
    const last = steps[choice.steps[1] - 1];
    const answer = trace.steps.filter((step) => step.phase === "answer");
    return {
      id: trace.id,
      question: trace.question,
      asOf: trace.asOf,
      model: trace.model,
      layers: trace.layers,
      selectingLayers: this.#selectingLayers(),
      steps: answer.length,
      k: trace.k,
      answer: answer.map(({ text }, step) => ({ step, text })),
      contextTokens: trace.contextTokens,
      selectableTokens: exposure.mean(selectable),
      initialTokens: Math.min(trace.initial, trace.contextTokens),
      localTokens: Math.max(0, trace.contextTokens - (last?.selectable[1] ?? trace.contextTokens)),
      selections,
      files: this.#fileSelections(choice, exposure, selections),
    };
  }

  /** Tokens of the lines [from, to) (1-based) of a file. @throws LongsightError LS-601 */
  file(query: Selector & { readonly path: string; readonly lines: Interval }): FileTrace {
    const choice = this.#choose(query);
    const file = this.#file(query.path);
    const table = this.#table(file);
    const counts = this.#countsOf(choice);
    const sums = table.sums(counts);
    const from = Math.max(1, query.lines[0]);
    const to = Math.min(table.count + 1, query.lines[1]);
    const lines: FileTraceLine[] = [];
    for (let line = from; line < to; line++) {
      lines.push({ line, text: table.text(line - 1), tokens: lineTokens(table, line - 1, counts) });
    }
    return {
      path: file.path,
      lineCount: table.count,
      strip: Array.from(sums, (sum, line) => sum / Math.max(1, tokensInLine(table, line))),
      maxCount: (choice.layers[1] - choice.layers[0]) * (choice.steps[1] - choice.steps[0]),
      lines,
    };
  }

  /** The steps that selected tokens of the lines [from, to) (1-based) of a file. @throws LongsightError LS-601 */
  selectingSteps(query: Selector & { readonly path: string; readonly lines: Interval }): StepSelection[] {
    const choice = this.#choose(query);
    const { firstTokens, count } = this.#table(this.#file(query.path));
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
    const choice = this.#choose(query);
    const { steps, sums } = this.#phase(choice.phase);
    const exposure = exposureOf(steps, choice.steps);
    const selections = sums.total(choice.steps, choice.layers);
    const counts = this.#countsOf(choice);
    const found: LineSelection[] = [];
    for (const file of this.trace.files) {
      const table = this.#table(file);
      table.sums(counts).forEach((selected, line) => {
        if (selected === 0 || !WORD.test(table.text(line))) return;
        const region = exposure.of(table.firstTokens[line] ?? 0, table.firstTokens[line + 1] ?? 0);
        found.push({ path: file.path, line: line + 1, selected, lift: liftOf(selected, selections, region, exposure) });
      });
    }
    found.sort((a, b) => b.lift - a.lift || b.selected - a.selected || compare(a.path, b.path) || a.line - b.line);
    return found.slice(0, limit);
  }

  #fileSelections(choice: Choice, exposure: Exposure, selections: number): FileSelection[] {
    const { files, layers } = this.trace;
    const cells = this.#phase(choice.phase).sums.byFileAndLayer(choice.steps, files.length);
    const counts = this.#countsOf(choice);
    const rows = files.map((file, index): FileSelection => {
      const byLayer = Array.from(cells.subarray(index * layers, (index + 1) * layers));
      const selected = byLayer.slice(...choice.layers).reduce((a, b) => a + b, 0);
      const region = exposure.of(file.start, file.start + file.count);
      const tokens = exposure.mean(region);
      return {
        path: file.path,
        tokens,
        always: file.count - tokens,
        selected,
        share: selections === 0 ? 0 : selected / selections,
        lift: liftOf(selected, selections, region, exposure),
        byLayer,
        densest: selected === 0 ? null : this.#densest(file, counts, exposure),
      };
    });
    return rows.sort((a, b) => b.selected - a.selected || compare(a.path, b.path));
  }

  #densest(file: TracedFile, counts: Uint32Array, exposure: Exposure): readonly [number, number] | null {
    const table = this.#table(file);
    const weights = Float64Array.from({ length: table.count }, (_, line) =>
      exposure.of(table.firstTokens[line] ?? 0, table.firstTokens[line + 1] ?? 0),
    );
    return densestRun(table.sums(counts), weights);
  }

  #file(path: string): TracedFile {
    const file = this.trace.files.find((candidate) => candidate.path === path);
    if (file === undefined) throw userErrors.badArgument("path", `${path} was not in the context of this answer.`);
    return file;
  }

  #choose(query: Selector): Choice {
    const phase = query.phase ?? "answer";
    const { steps } = this.#phase(phase);
    return {
      phase,
      steps: checked("steps", query.steps, steps.length),
      layers: checked("layers", query.layers, this.trace.layers),
    };
  }

  #phase(phase: TracePhase): PhaseIndex {
    let index = this.#phases.get(phase);
    if (index === undefined) {
      const steps = this.trace.steps.filter((step) => step.phase === phase);
      const selections = new Selections(steps, this.trace.layers);
      index = { steps, selections, sums: new FileSums(selections, this.trace.files) };
      this.#phases.set(phase, index);
    }
    return index;
  }

  #selectingLayers(): number[] {
    const { steps, sums } = this.#phase("answer");
    const every: Interval = [0, steps.length];
    return Array.from({ length: this.trace.layers }, (_, layer) => layer).filter(
      (layer) => sums.total(every, [layer, layer + 1]) > 0,
    );
  }

  #table(file: TracedFile): LineTable {
    let table = this.#tables.get(file);
    if (table === undefined) {
      table = new LineTable(file);
      this.#tables.set(file, table);
    }
    return table;
  }

  /** Selections of each token of the context under a choice. */
  #countsOf(choice: Choice): Uint32Array {
    const key = `${choice.phase} ${choice.steps.join()} ${choice.layers.join()}`;
    const known = this.#counts.get(key);
    const counts = known ?? new Uint32Array(this.trace.contextTokens);
    if (known === undefined) this.#phase(choice.phase).selections.count(choice.steps, choice.layers, counts);
    this.#counts.delete(key);
    this.#counts.set(key, counts);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > KEPT_COUNTS && oldest !== undefined) this.#counts.delete(oldest);
    return counts;
  }
}

/** lift = (selected / selections) / (region / selectable). */
function liftOf(selected: number, selections: number, region: number, exposure: Exposure): number {
  return selections === 0 || region === 0 ? 0 : selected / selections / (region / exposure.total);
}

function exposureOf(steps: readonly TraceStep[], chosen: Interval): Exposure {
  return new Exposure(steps.slice(...chosen).map((step) => step.selectable));
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
