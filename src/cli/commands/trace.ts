import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { userErrors } from "../../shared/errors";
import { standalonePage } from "../../shared/heatmapPage";
import type { Interval, LineSelection, StandaloneTrace, TracePhase, TraceSummary } from "../../shared/trace";
import { writeBeside } from "../../engine/disk";
import { formatCount, formatTable } from "../format";
import { openSession, withPipeline } from "../session";

/** Lines of the JSON result, and rows that people are shown. */
const LINES = 200;
const SHOWN_FILES = 20;
const SHOWN_LINES = 15;

interface TraceCommandOptions {
  readonly html?: string;
  readonly steps?: Interval;
  readonly layers?: Interval;
  readonly phase: TracePhase;
}

export function addTraceCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("trace")
    .description("show where the model looked while it answered")
    .argument("<dir>", "folder of the repository")
    .argument("[id]", "trace of an answer (default: the newest one of this folder)")
    .option("--html <file>", "write the heatmap as one page that needs nothing else")
    .option("--steps <from:to>", "only these tokens of the answer, from included, to excluded", toInterval)
    .option("--layers <from:to>", "only these layers, from included, to excluded", toInterval)
    .addOption(
      new Option("--phase <name>", "while reading the question or while answering")
        .choices(["question", "answer"])
        .default("answer"),
    )
    .addHelpText("after", "\nExamples:\n  longsight trace .\n  longsight trace . --html attention.html\n")
    .action(async (dir: string, id: string | undefined, options: TraceCommandOptions) => {
      const session = openSession(command, signal);
      const { output } = session;
      const { summary, lines } = await withPipeline(session, dir, async (pipeline) => {
        const chosen = id ?? (await pipeline.latestTrace());
        if (chosen === null) throw userErrors.noTraceYet(dir);
        const { html, ...selector } = options;
        if (html !== undefined) await writePage(html, await pipeline.standaloneTrace(chosen));
        const index = await pipeline.traceIndex(chosen);
        return { summary: index.summary(selector), lines: index.lines(selector, LINES) };
      });
      output.event({ type: "trace", ...toJson(summary, lines) });
      output.text(formatTrace(summary, lines));
      if (options.html !== undefined) output.note(`Heatmap: ${path.resolve(options.html)}`);
    });
}

/** @throws LongsightError LS-501 when the page cannot be written */
async function writePage(file: string, data: StandaloneTrace): Promise<void> {
  const bundle = (name: string): Promise<string> =>
    readFile(fileURLToPath(new URL(`webview/${name}`, import.meta.url)), "utf8");
  const page = standalonePage({
    title: `Longsight: ${data.answer.question}`,
    data,
    script: await bundle("heatmap.js"),
    css: await bundle("heatmap.css"),
    nonce: randomBytes(18).toString("base64"),
  });
  await writeBeside(path.resolve(file), page);
}

function toJson(summary: TraceSummary, lines: readonly LineSelection[]): Readonly<Record<string, unknown>> {
  const { id, layers, steps, question, asOf, model, k } = summary;
  const files = summary.files.map(({ path, tokens, selected, share, lift }) => ({
    path,
    tokens,
    selected,
    share,
    lift,
  }));
  return {
    id,
    layers,
    steps,
    files,
    lines: lines.map(({ path, line, lift }) => ({ path, line, lift })),
    question,
    asOf,
    model,
    k,
  };
}

/** A trace for people: its question, files by share, lines by lift. */
export function formatTrace(summary: TraceSummary, lines: readonly LineSelection[]): string {
  const title =
    `${summary.question}\n${summary.model}, ${summary.steps} tokens of the answer, ` +
    `${summary.selectingLayers.length} of ${summary.layers} layers select, k = ${formatCount(summary.k)}\n\n`;
  const files = summary.files.filter((file) => file.selected > 0).slice(0, SHOWN_FILES);
  const fileRows = files.map((file) => [
    `${(file.share * 100).toFixed(1)} %`,
    `${file.lift.toFixed(2)} x`,
    formatCount(file.tokens),
    file.path,
  ]);
  const lineRows = lines
    .slice(0, SHOWN_LINES)
    .map((line) => [`${line.lift.toFixed(2)} x`, `${line.path}:${line.line}`]);
  return (
    title +
    formatTable([["share", "lift", "tokens", "file"], ...fileRows], [0, 1, 2]) +
    (lineRows.length > 0 ? `\n${formatTable([["lift", "line"], ...lineRows], [0])}` : "")
  );
}

function toInterval(text: string): Interval {
  const match = /^(\d+):(\d+)$/.exec(text);
  const [from, to] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || from >= to) throw new InvalidArgumentError("It must be two whole numbers such as 0:10.");
  return [from, to];
}
