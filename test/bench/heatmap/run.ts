/**
 * Measures the heatmap in a browser: the panel's own bundle, the engine's own sums over a trace in the real format, and
 * messages that go as JSON through two pipes' worth of text, as between panel, extension host and engine.
 *
 *   npx tsx test/bench/heatmap/run.ts [--files 20000] [--tokens 1000000] [--layers 28] [--steps 300]
 *
 * CHROMIUM names the browser. "First paint" is from the host asking for the answer's facts to the painted map; "hover" from the
 * moment that the pointer's rest of 80 ms is over to the painted map.
 */
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { TraceHost } from "../../../src/engine/traceHost";
import { TraceStore } from "../../../src/engine/trace/store";
import type { TraceView } from "../../../src/engine/trace/view";
import { Symbols } from "../../../src/engine/symbols/symbols";
import { TRACE_FILES } from "../../../src/shared/trace";
import { launchBrowser, openPanel, showState } from "../../helpers/heatmapPanel";
import { inventTrace } from "./trace";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "20000" },
    tokens: { type: "string", default: "1000000" },
    layers: { type: "string", default: "28" },
    steps: { type: "string", default: "300" },
    k: { type: "string", default: "2048" },
  },
});

/** What happened to the messages of one kind. */
const traffic = new Map<string, { count: number; largest: number; slowest: number }>();

function onAnswer(method: string, characters: number, milliseconds: number): void {
  const kind = traffic.get(method) ?? { count: 0, largest: 0, slowest: 0 };
  traffic.set(method, {
    count: kind.count + 1,
    largest: Math.max(kind.largest, characters),
    slowest: Math.max(kind.slowest, milliseconds),
  });
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
const highest = (times: readonly number[]): number => Math.max(...times);
const ms = (time: number): string => `${time.toFixed(0)} ms`;

async function timed<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.log(`${name.padEnd(58)} ${ms(performance.now() - began)}`);
  return result;
}

/** In the page: notes when each sum was asked for, and when the map was on the screen with it. */
const watch = `
  globalThis.noted = { asked: 0, painted: [] };
  globalThis.onSend = (message) => { if (message.method === "heatmap/sums") noted.asked = performance.now(); };
  new MutationObserver(() => {
    // A task that is posted from a frame runs after that frame's paint.
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => noted.painted.push(performance.now());
      channel.port2.postMessage(null);
    });
  }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-painted"] });
`;

interface Noted {
  readonly asked: number;
  readonly painted: readonly number[];
}
const noted = (page: Page): Promise<Noted> => page.evaluate(() => (window as unknown as { noted: Noted }).noted);
const paints = async (page: Page, after: number): Promise<Noted> => {
  await page.waitForFunction((count) => (window as unknown as { noted: Noted }).noted.painted.length > count, after);
  return noted(page);
};

async function measurePanel(view: TraceView): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    page.on("pageerror", (error) => console.error(error));
    await openPanel(page, new Map([[view.index.trace.id, view]]), { sent: [], onAnswer });
    await page.evaluate(watch);
    const arrived = await page.evaluate(() => performance.now());
    const characters = await showState(page, view);
    console.log(`${"facts of the answer and its 100 files".padEnd(58)} ${characters} B`);
    const first = await paints(page, 0);
    console.log(`${"first paint, from asking the engine".padEnd(58)} ${ms((first.painted[0] ?? 0) - arrived)}`);
    await page.locator("[data-row='3'][data-path]").waitFor();
    await page.waitForTimeout(500);

    const hovers: number[] = [];
    for (let token = 10; token < 60; token++) {
      const before = (await noted(page)).painted.length;
      await page.locator(`#answer-${token}`).hover();
      const { asked, painted } = await paints(page, before);
      hovers.push((painted[before] ?? 0) - asked);
    }
    console.log(`${"hover over 50 words, median and worst".padEnd(58)} ${ms(median(hovers))}, ${ms(highest(hovers))}`);

    const elements = await page.locator("body *").count();
    console.log(`${"elements in the page".padEnd(58)} ${elements}`);
    for (const [method, { count, largest, slowest }] of traffic)
      console.log(`${`${method}, ${count} times, slowest and largest`.padEnd(58)} ${ms(slowest)}, ${largest} B`);
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const shape = {
    files: Number(values.files),
    tokens: Number(values.tokens),
    layers: Number(values.layers),
    steps: Number(values.steps),
    k: Number(values.k),
  };
  console.log(JSON.stringify(shape));
  const folder = await mkdtemp(path.join(os.tmpdir(), "longsight-heatmap-bench-"));
  const symbols = new Symbols();
  try {
    const trace = inventTrace(shape);
    await timed("written to disk", () => new TraceStore(folder).write(trace));
    const host = new TraceHost(
      () => folder,
      (_, text) => symbols.symbolsOf("typescript", text, String(text.length)),
    );
    const view = await timed("opened from disk, as after a restart", () => host.view(trace.id));
    await timed("first sums", () => view.index.summary({}, TRACE_FILES));
    await measurePanel(view);
    const rows = { query: { id: trace.id }, below: "", filter: "", sort: "selected", descending: true } as const;
    await timed("ranked functions", () => view.rows({ ...rows, unit: "symbols", rows: [0, 50] }, null));
    await timed("ranked lines", () => view.rows({ ...rows, unit: "lines", rows: [0, 50] }, null));
    const step = { id: trace.id, steps: [7, 8] } as const;
    await timed("ranked lines of one word", () =>
      view.rows({ ...rows, query: step, unit: "lines", rows: [0, 50] }, null),
    );
    const file = trace.files.reduce((most, candidate) => (candidate.count > most.count ? candidate : most));
    await timed("map of the functions of the largest file", () => view.map({ below: file.path, pixels: 240_000 }));
    await timed("sums of these functions", () => view.sums({ steps: [9, 10] }, { below: file.path, pixels: 240_000 }));
    await timed("lines of the largest file", () => view.index.file({ path: file.path, lines: [1, 120] }));
  } finally {
    await symbols.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
