import { readFile } from "node:fs/promises";
import { URI } from "vscode-uri";
import { userErrors } from "../shared/errors";
import type { AnswerResult, AskParams, AskRange, EngineSettings } from "../shared/protocol";
import { citationsOf } from "./answer/citations";
import { generateAnswer } from "./answer/generate";
import { questionText, type QuestionSelection } from "./answer/prompt";
import { SourceIndex } from "./answer/sourceIndex";
import { localWindow, QUESTION_LIMIT } from "./budget";
import type { PackedContext } from "./context/types";
import type { CurrentContext } from "./contextHost";
import type { ActiveModel } from "./modelHost";
import type { Operation } from "./progress";
import type { Session } from "./session/session";
import { TraceIndex } from "./trace/query";
import { TraceRecorder } from "./trace/recorder";
import { standingOut } from "./trace/standingOut";
import type { Trace } from "./trace/types";

/** Files named as looked at. */
const LOOKED_AT = 5;

export interface AskOptions extends Operation {
  /** A piece of the answer with the number of tokens so far. */
  readonly onDelta?: (text: string, tokens: number) => void;
}

/** What an answer is made from. */
export interface Asking {
  readonly params: AskParams;
  readonly settings: EngineSettings;
  readonly active: ActiveModel;
  readonly context: CurrentContext;
  /** Holds exactly the packed context. */
  readonly session: Session;
  /** Names the workspace in the trace. */
  readonly workspace: string;
  readonly signal?: AbortSignal | undefined;
  readonly onDelta?: ((text: string, tokens: number) => void) | undefined;
}

/** An answer without what was spent before the question. */
export interface Asked {
  readonly answer: Omit<AnswerResult, "timings">;
  readonly trace: Trace;
  readonly questionTokens: number;
  readonly generatedTokens: number;
  /** Seconds. */
  readonly prefill: number;
  readonly decode: number;
}

/** Reads the question, writes the answer, and leaves the packed context alone in the cache. @throws LongsightError LS-402, LS-900 */
export async function askSession(asking: Asking): Promise<Asked> {
  const { session, active, settings, context, signal } = asking;
  const question = await questionTokens(asking);
  const recorder = startTrace(asking);
  const began = performance.now();
  try {
    const { trace, chunkStart } = await session.question(question, { signal });
    const prefilled = performance.now();
    recorder.question(trace, chunkStart);
    let step = chunkStart;
    let next = context.packed.tokens.length + question.length;
    const generated = await generateAnswer(session, {
      detokenizer: active.model,
      sampling: {
        maxTokens: settings.maxAnswerTokens,
        temperature: settings.temperature,
        topP: settings.topP,
        minP: settings.minP,
        seed: settings.seed,
        stopTokens: active.frame.stopTokens,
        trace: true,
      },
      stopStrings: active.frame.stopStrings,
      signal,
      onDelta: asking.onDelta,
      onToken: (text, selection) => {
        recorder.answer(text, selection, step);
        step = next++;
      },
    });
    const finished = recorder.finish();
    return {
      answer: describe(asking, generated, finished),
      trace: finished,
      questionTokens: question.length,
      generatedTokens: generated.tokens,
      prefill: (prefilled - began) / 1000,
      decode: (performance.now() - prefilled) / 1000,
    };
  } finally {
    await session.forgetQuestion();
  }
}

async function questionTokens({ params, context, active }: Asking): Promise<Int32Array> {
  if (params.question.trim() === "") throw userErrors.questionEmpty();
  const selection = params.selection === undefined ? null : await selectedLines(params.selection, context.packed);
  const text = active.model.tokenize(questionText(params.question, selection));
  const tokens = Int32Array.from([...text, ...active.frame.after]);
  if (tokens.length > QUESTION_LIMIT) throw userErrors.questionTooLong(tokens.length, QUESTION_LIMIT);
  return tokens;
}

/** The text of the lines that a question is about, as the context has it; else as it is on disk. */
async function selectedLines(range: AskRange, packed: PackedContext): Promise<QuestionSelection> {
  const uri = URI.parse(range.uri);
  const file = packed.files.find(({ document }) => document.uri === uri.toString());
  const onDisk = uri.scheme === "file" ? readFile(uri.fsPath, "utf8").catch(() => null) : null;
  const text = file?.text ?? (await onDisk);
  if (text === null) throw userErrors.folderUnreadable(uri.fsPath);
  const { startLine, endLine } = range;
  const lines = text.split("\n").slice(startLine - 1, endLine);
  return { path: file?.document.path ?? uri.fsPath, startLine, endLine, text: lines.join("\n") };
}

function startTrace({ params, settings, active, context, session, workspace }: Asking): TraceRecorder {
  const { initial, top } = settings.esa;
  return new TraceRecorder(
    {
      workspace,
      question: params.question,
      asOf: context.asOf,
      model: active.file.id,
      layers: session.context.layers,
      k: top,
      initial,
      local: localWindow(settings, active),
    },
    context.packed,
  );
}

function describe(
  { active, context }: Asking,
  generated: { readonly text: string; readonly stopReason: AnswerResult["stopReason"] },
  trace: Trace,
): Omit<AnswerResult, "timings"> {
  const { files, tokens } = context.packed;
  const index = new TraceIndex(trace);
  const sources = new SourceIndex(
    files.map(({ document, text }) => ({ path: document.path, uri: document.uri, text })),
  );
  const selected = generated.text === "" ? [] : index.summary({}).files.filter((file) => standingOut(file) > 0);
  const lookedAt = selected.toSorted((a, b) => standingOut(b) - standingOut(a)).slice(0, LOOKED_AT);
  return {
    text: generated.text,
    citations: citationsOf(generated.text, sources, index.lines({}, Infinity)),
    asOf: context.asOf,
    context: { files: files.length, tokens: tokens.length },
    trace: trace.id,
    stopReason: generated.stopReason,
    lookedAt: lookedAt.flatMap(({ path, lift }) => {
      const file = sources.file(path);
      return file === undefined ? [] : [{ path, uri: file.uri, lift }];
    }),
    attention: active.model.facts.denseReason ?? "esa",
    model: active.file.id,
  };
}
