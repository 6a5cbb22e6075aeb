/**
 * How good answers about a repository are, with truth that a program can check: planted facts, definitions, and questions
 * that no file answers. Every citation that is shown is compared with the files. Prints JSON.
 *
 *   npx tsx test/quality/answers.ts FOLDER --model MODEL.gguf [--reading perFile|contextual] [--focus on|off]
 *     [--questions 24] [--backend cpu] [--threads N] [--data-dir DIR] [--budget N] [--local N] [--top N] [--answer-tokens N]
 *     [--details]
 *
 * A data folder that stays keeps what was read: run the same folder again with other settings of the answer.
 */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { createStderrLog } from "../../src/engine/log";
import { Pipeline } from "../../src/engine/pipeline";
import { defaultSettings } from "../../src/shared/defaults";
import { isCancelled } from "../../src/shared/errors";
import type { AnswerResult, Backend, Citation, EngineSettings, Reading } from "../../src/shared/protocol";
import { layerRecall, type LayerRecall } from "./layerRecall";
import { type Case, makeCases } from "./questions";

interface Outcome {
  readonly kind: Case["kind"];
  readonly question: string;
  /** The answer says what the truth is: the number, the file, or that it is not there. */
  readonly right: boolean;
  readonly written: number;
  /** Citations of any origin that point to lines which the files do not have: must be none. */
  readonly dangling: number;
  /** One of the citations overlaps the lines that hold the truth. */
  readonly cited: boolean;
  /** One that the answer wrote itself does. */
  readonly citedInWriting: boolean;
  /** The focus pass read the lines that hold the truth again. */
  readonly focused: boolean | null;
  readonly unknownNames: number;
  readonly firstToken: number;
  readonly prefilled: number;
  readonly answer: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    reading: { type: "string", default: defaultSettings.reading },
    focus: { type: "string", default: "off" },
    questions: { type: "string", default: "24" },
    backend: { type: "string", default: "auto" },
    threads: { type: "string", default: "0" },
    budget: { type: "string", default: "0" },
    local: { type: "string", default: String(defaultSettings.esa.local) },
    top: { type: "string", default: String(defaultSettings.esa.top) },
    "answer-tokens": { type: "string", default: "96" },
    "data-dir": { type: "string", default: path.join(tmpdir(), "longsight-quality") },
    details: { type: "boolean", default: false },
  },
});

/** What was read by then is saved: the next run goes on from there. */
const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());

async function main(): Promise<void> {
  const [folder] = positionals;
  if (folder === undefined || values.model === undefined) throw new Error("FOLDER --model MODEL.gguf");
  if (!["on", "off"].includes(values.focus)) throw new Error("--focus on|off");
  const { root, cases } = await prepare(path.resolve(folder), Number(values.questions));
  const pipeline = new Pipeline({
    roots: [{ uri: pathToFileURL(root).href, name: path.basename(root) }],
    settings: settingsOf(values.model),
    log: createStderrLog("warn"),
  });
  try {
    const { signal } = stop;
    const began = performance.now();
    const read = await pipeline.read({ signal });
    const readSeconds = (performance.now() - began) / 1000;
    const outcomes: Outcome[] = [];
    const layers: LayerRecall[] = [];
    for (const [index, one] of cases.entries()) {
      const { question, form } = one;
      const answer = await pipeline
        .ask({ askId: String(index), question, form, keep: false }, { signal })
        .catch(nullWhenCancelled);
      // Stopped by hand: what was asked by then is told.
      if (answer === null || signal.aborted) break;
      outcomes.push(await judge(one, answer, root));
      if (one.truth !== null) layers.push(layerRecall(await pipeline.traceIndex(answer.trace), one.truth));
      const latest = values.details ? ` ${JSON.stringify({ ...outcomes.at(-1), rank: layers.at(-1)?.rank })}` : "";
      process.stderr.write(`${index + 1} of ${cases.length}${latest}\n`);
    }
    const { model, reading, focus, questions, local, top } = values;
    const setting = {
      folder: path.basename(folder),
      model: path.basename(model),
      reading,
      focus,
      questions,
      local,
      top,
    };
    const result = {
      ...setting,
      tokens: read.tokens,
      prefilled: read.prefilled,
      readSeconds,
      ...summary(outcomes),
      ranks: ranksOf(layers),
    };
    const details = values.details ? { outcomes, layers } : {};
    process.stdout.write(`${JSON.stringify({ ...result, ...details }, null, 1)}\n`);
  } finally {
    await pipeline.dispose();
  }
}

function nullWhenCancelled(error: unknown): null {
  if (isCancelled(error)) return null;
  throw error;
}

function settingsOf(model: string): EngineSettings {
  return {
    ...defaultSettings,
    dataDir: path.resolve(values["data-dir"]),
    model: path.resolve(model),
    reading: values.reading as Reading,
    focus: values.focus === "on",
    backend: values.backend as Backend,
    threads: Number(values.threads),
    budget: Number(values.budget),
    backgroundReading: "never",
    maxAnswerTokens: Number(values["answer-tokens"]),
    temperature: 0,
    esa: { ...defaultSettings.esa, local: Number(values.local), top: Number(values.top) },
  };
}

/** A copy of the folder with facts planted in it, at the same place for the same folder, and its questions. */
async function prepare(folder: string, count: number): Promise<{ readonly root: string; readonly cases: Case[] }> {
  const root = path.join(path.resolve(values["data-dir"]), "repositories", path.basename(folder));
  await rm(root, { recursive: true, force: true });
  await mkdir(path.dirname(root), { recursive: true });
  await cp(folder, root, { recursive: true, preserveTimestamps: true });
  const { cases, texts } = await makeCases(root, count);
  for (const [file, text] of texts) await writeFile(path.join(root, file), text);
  return { root, cases };
}

const REFUSAL =
  /\b(?:not|n't|no|never|cannot)\b[^.]{0,60}\b(?:defin|found|find|contain|mention|exist|provid|includ|hold|present|given|specif|information|say|answer)|\bno (?:such|definition|mention|file|information)/i;

async function judge(one: Case, answer: AnswerResult, root: string): Promise<Outcome> {
  const { citations, text, timings } = answer;
  const { truth } = one;
  const hits = (citation: Citation): boolean =>
    truth !== null &&
    citation.path === truth.path &&
    citation.startLine <= truth.endLine &&
    truth.startLine <= citation.endLine;
  const spans = answer.focus?.map((span) => ({ ...span, path: pathOf(span.uri, root) }));
  const dangling = await Promise.all(citations.map((citation) => isDangling(citation, root)));
  const written = citations.filter(({ origin }) => origin === "written");
  return {
    kind: one.kind,
    question: one.question,
    right: one.kind === "unanswerable" ? REFUSAL.test(text) : one.says.some((says) => text.includes(says)),
    written: written.length,
    dangling: dangling.filter(Boolean).length,
    cited: citations.some(hits),
    citedInWriting: written.some(hits),
    focused:
      spans === undefined || truth === null
        ? null
        : spans.some(
            (span) => span.path === truth.path && span.startLine <= truth.startLine && truth.startLine <= span.endLine,
          ),
    unknownNames: answer.unknownNames?.length ?? 0,
    firstToken: timings.firstToken,
    prefilled: timings.prefilledTokens,
    answer: text,
  };
}

const pathOf = (uri: string, root: string): string =>
  decodeURIComponent(uri.slice(pathToFileURL(root).href.length + 1));

async function isDangling({ path: file, startLine, endLine }: Citation, root: string): Promise<boolean> {
  const text = await readFile(path.join(root, file), "utf8").catch(() => null);
  if (text === null) return true;
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return startLine < 1 || endLine < startLine || endLine > lines;
}

function summary(outcomes: readonly Outcome[]): Readonly<Record<string, unknown>> {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  const share = (of: readonly Outcome[], holds: (one: Outcome) => boolean | null): number =>
    Number((of.filter((one) => holds(one) === true).length / Math.max(1, of.length)).toFixed(3));
  const rows = kinds.map((kind) => {
    const of = outcomes.filter((one) => one.kind === kind);
    const row = {
      n: of.length,
      right: share(of, (one) => one.right),
      withWrittenCitation: share(of, (one) => one.written > 0),
      cited: share(of, (one) => one.cited),
      citedInWriting: share(of, (one) => one.citedInWriting),
      focused: of.some((one) => one.focused !== null) ? share(of, (one) => one.focused) : null,
      unknownNames: of.reduce((sum, one) => sum + one.unknownNames, 0),
      dangling: of.reduce((sum, one) => sum + one.dangling, 0),
    };
    return [kind, row] as const;
  });
  const mean = (values: readonly number[]): number =>
    Number((values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)).toFixed(2));
  return {
    ...Object.fromEntries(rows),
    firstTokenSeconds: mean(outcomes.slice(1).map(({ firstToken }) => firstToken)),
    prefilledPerQuestion: mean(outcomes.map(({ prefilled }) => prefilled)),
  };
}

/** Median rank of the truth by each way of ranking; lines that were not selected count as last. */
function ranksOf(layers: readonly LayerRecall[]): Readonly<Record<string, number | null>> {
  const ways = (["all", "late", "middle"] as const).flatMap((part) =>
    (["byLift", "byDeviation"] as const).map((way) => {
      const ranks = layers.map(({ rank }) => rank[part][way] ?? Infinity).sort((a, b) => a - b);
      const median = ranks[Math.floor(ranks.length / 2)] ?? Infinity;
      return [`${part} ${way}`, Number.isFinite(median) ? median : null] as const;
    }),
  );
  return Object.fromEntries(ways);
}

void main();
