import type { FileTrace, StandaloneTrace, TraceSummary } from "../../shared/trace";
import type { TraceIndex } from "./query";

/** How much a self-contained page may hold. */
export interface StandaloneBounds {
  /** Non-zero sums of file × step × layer; beyond it neighbouring steps are added up. */
  readonly cells: number;
  /** Files with lines. */
  readonly files: number;
  /** UTF-16 units of source text. */
  readonly characters: number;
  /** Tokens with a count. */
  readonly tokens: number;
}

const defaultBounds: StandaloneBounds = { cells: 1_500_000, files: 40, characters: 1_500_000, tokens: 80_000 };

/** The data of a self-contained page: about 3 bytes a cell and 40 a token, so a few megabytes at most. */
export function standaloneTrace(index: TraceIndex, bounds: StandaloneBounds = defaultBounds): StandaloneTrace {
  const answer = index.summary({});
  const question = index.summary({ phase: "question" });
  const { sums, stride } = boundedSums(index, answer, bounds.cells);
  return { version: 1, answer, question, stride, sums, files: mostSelected(index, answer, bounds) };
}

function boundedSums(index: TraceIndex, answer: TraceSummary, limit: number): { sums: string[]; stride: number } {
  for (let stride = 1; ; stride *= 2) {
    const sums = sumsOf(index, answer, stride, stride >= answer.steps ? Number.POSITIVE_INFINITY : limit);
    if (sums !== null) return { sums, stride };
  }
}

/** The encoded sums of each file, or null when there are more than `limit` of them. */
function sumsOf(index: TraceIndex, answer: TraceSummary, stride: number, limit: number): string[] | null {
  const fileNumber = new Map(answer.files.map((file, number) => [file.path, number]));
  const coded = answer.files.map(() => ({ bytes: [] as number[], last: 0 }));
  let cells = 0;
  for (let step = 0; step < answer.steps; step += stride) {
    const part = index.summary({ steps: [step, Math.min(step + stride, answer.steps)] });
    for (const file of part.files) {
      const target = coded[fileNumber.get(file.path) ?? -1];
      if (target === undefined || file.selected === 0) continue;
      file.byLayer.forEach((count, layer) => {
        if (count === 0) return;
        const cell = (step / stride) * answer.layers + layer;
        pushVarint(target.bytes, cell - target.last);
        pushVarint(target.bytes, count);
        target.last = cell;
        cells++;
      });
    }
    if (cells > limit) return null;
  }
  return coded.map(({ bytes }) => Buffer.from(bytes).toString("base64"));
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

/** Lines around everything selected, most selected file first, until a bound is met. */
function mostSelected(index: TraceIndex, answer: TraceSummary, bounds: StandaloneBounds): FileTrace[] {
  const chosen: FileTrace[] = [];
  let { characters, tokens } = bounds;
  for (const { path, selected } of answer.files.slice(0, bounds.files)) {
    if (selected === 0) break;
    const { lineCount } = index.file({ path, lines: [1, 2] });
    const whole = index.file({ path, lines: [1, lineCount + 1] });
    const lines = whole.lines.map((line) => ({ ...line, tokens: line.tokens.filter((token) => token.count > 0) }));
    characters -= lines.reduce((sum, line) => sum + line.text.length, 0);
    tokens -= lines.reduce((sum, line) => sum + line.tokens.length, 0);
    if (characters < 0 || tokens < 0) break;
    chosen.push({ ...whole, lines });
  }
  return chosen;
}
