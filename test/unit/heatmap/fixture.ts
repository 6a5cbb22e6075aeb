import type { FileSelection, FileTrace, FileTraceLine, StandaloneTrace, TraceSummary } from "../../../src/shared/trace";

/** Figures of an invented trace. */
export interface FixtureOptions {
  readonly seed?: number;
  readonly files?: number;
  readonly layers?: number;
  readonly steps?: number;
  readonly k?: number;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value = (value + Math.imul(value ^ (value >>> 7), value | 61)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const folders = [
  "internal/booking",
  "internal/payment",
  "internal/store",
  "internal/queue",
  "internal/auth",
  "internal/notify",
  "web/src/berths",
  "web/src/checkout",
  "web/src/lib",
  "docs",
  "api",
  "cmd/berthline",
  "deploy",
  "",
];
const stems = [
  "hold",
  "retry",
  "outcome",
  "release",
  "charge",
  "slots",
  "expiry",
  "store",
  "webhook",
  "session",
  "ledger",
  "refund",
  "pricing",
  "templates",
];
const answer =
  "A failed payment does not free the berth at once. Holds.Fail first asks whether the outcome can be retried [outcome.go:18]. " +
  "If so, it counts the attempt, moves the expiry by the grace period [hold.go:110-111] and queues another charge with back-off:\n" +
  "```go\nif out.Retryable() && hold.Attempts < h.maxAttempts {\n  hold.Attempts++\n}\n```\n" +
  "After the third attempt, or when the card is declined for good, the hold becomes Released and BerthReleased is emitted. " +
  "That frees the slot <b>and</b> mails the skipper.";

/** An invented trace with consistent sums: selections of each file, step and layer are drawn once and added up. */
export function traceFixture({
  seed = 1,
  files = 180,
  layers = 28,
  steps,
  k = 2048,
}: FixtureOptions = {}): StandaloneTrace {
  const random = seeded(seed);
  const words = answer.match(/\s*(?:\w+|[^\w\s]+|\n)/g) ?? [];
  const stepCount = steps ?? words.length;
  const tokens = Array.from({ length: stepCount }, (_, step) => ({ step, text: words[step % words.length]! }));
  const made = Array.from({ length: files }, (_, number) => inventFile(number, random));
  const selectable = made.reduce((sum, file) => sum + file.tokens, 0);
  const cells = made.map(() => new Map<number, number>());
  for (let step = 0; step < stepCount; step++) {
    const focus = Math.floor(random() * 9);
    for (let layer = 0; layer < layers; layer++) {
      const sharp = Math.max(0, 1 - Math.abs(layer - layers * 0.55) / (layers * 0.35));
      const weights = made.map(
        (file, number) =>
          file.tokens *
          (1 + (number === focus || number < 3 ? 40 * sharp * random() : 0)) *
          (file.quiet ? 0 : random()),
      );
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      weights.forEach((weight, number) => {
        const selected = Math.round((weight / total) * k);
        if (selected > 0) cells[number]!.set(step * layers + layer, selected);
      });
    }
  }
  const selections = cells.reduce((sum, map) => sum + [...map.values()].reduce((a, b) => a + b, 0), 0);
  const selection = made.map((file, number): FileSelection => {
    const byLayer = new Array<number>(layers).fill(0);
    for (const [cell, count] of cells[number]!) byLayer[cell % layers]! += count;
    const selected = byLayer.reduce((sum, count) => sum + count, 0);
    const share = selected / selections;
    const lift = file.tokens === 0 ? 0 : share / (file.tokens / selectable);
    const start = 10 + (number % 40);
    const { path, tokens, always } = file;
    return {
      path,
      tokens,
      always,
      selected,
      share,
      lift,
      byLayer,
      densest: selected === 0 ? null : [start, start + 6],
    };
  });
  const order = selection.map((_, number) => number).sort((a, b) => selection[b]!.selected - selection[a]!.selected);
  const summary: TraceSummary = {
    id: `trace-${seed}`,
    question: "What happens to a berth hold when its payment fails?",
    asOf: "2026-11-23T12:00:00Z",
    model: "invented",
    layers,
    selectingLayers: Array.from({ length: layers }, (_, layer) => layer),
    steps: stepCount,
    k,
    answer: tokens,
    contextTokens: selectable + 128 + 4096,
    selectableTokens: selectable,
    initialTokens: 128,
    localTokens: 4096,
    localFiles: 1,
    localPaths: made
      .filter((file) => file.always > 128)
      .map((file) => file.path)
      .slice(0, 1),
    selections,
    fileCount: made.length,
    files: order.map((number) => selection[number]!),
  };
  return {
    version: 1,
    answer: summary,
    question: { ...summary, steps: 1, files: [...summary.files].reverse().map((file) => ({ ...file })) },
    stride: 1,
    sums: order.map((number) => encodeCells(cells[number]!)),
    files: summary.files.slice(0, 12).map((file) => inventLines(file, layers * stepCount, random)),
  };
}

/** The coding of StandaloneTrace.sums, written again for the test: varint pairs of (cells since the last, count). */
export function encodeCells(cells: ReadonlyMap<number, number>): string {
  const bytes: number[] = [];
  const push = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
    bytes.push(rest);
  };
  let last = 0;
  for (const [cell, count] of [...cells].sort(([a], [b]) => a - b)) {
    push(cell - last);
    push(count);
    last = cell;
  }
  return Buffer.from(bytes).toString("base64");
}

interface InventedFile {
  readonly path: string;
  readonly tokens: number;
  readonly always: number;
  readonly quiet: boolean;
}

function inventFile(number: number, random: () => number): InventedFile {
  const folder = folders[number < 9 ? number % 4 : Math.floor(random() * folders.length)]!;
  const extension = folder.startsWith("web") ? "tsx" : folder === "docs" ? "md" : "go";
  const stem = stems[number % stems.length]!;
  const name = number < stems.length ? `${stem}.${extension}` : `${stem}_${number}.${extension}`;
  const size = Math.round(120 + 3200 * random() ** 3);
  const local = number === 6 || number === 40;
  return {
    path: folder === "" ? name : `${folder}/${name}`,
    tokens: local ? 0 : size,
    always: local ? 1900 : 0,
    quiet: number % 23 === 11,
  };
}

function inventLines(file: FileSelection, maxCount: number, random: () => number): FileTrace {
  const lineCount = 60 + Math.floor(random() * 160);
  const [from, to] = file.densest ?? [0, 0];
  const strip: number[] = [];
  const lines: FileTraceLine[] = [];
  for (let line = 1; line <= lineCount; line++) {
    const indent = "  ".repeat(Math.floor(random() * 3));
    const text =
      line % 7 === 0 ? "" : `${indent}if hold.Attempts < h.maxAttempts && out.Retryable(<script>, "line ${line}") {`;
    const near = line >= from && line <= to ? 0.7 : line % 9 === 0 ? 0.06 : 0.01;
    const tokens = [...text.matchAll(/\s*\w+|[^\w\s]+/g)].map(({ index, 0: { length } }) => ({
      column: index,
      length,
      count: Math.round(maxCount * near * random() ** 2),
    }));
    strip.push(tokens.length === 0 ? 0 : tokens.reduce((sum, token) => sum + token.count, 0) / tokens.length);
    lines.push({ line, text, tokens: tokens.filter((token) => token.count > 0) });
  }
  const { byLayer: _, path, ...sums } = file;
  return { path, lineCount, sums, strip, maxCount, lines };
}
