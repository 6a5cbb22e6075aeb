import type { KeptTurn } from "../shared/conversation";
import type { AnswerResult, AskParams, AskRange, EngineSettings } from "../shared/protocol";
import type { Interval } from "../shared/trace";
import { citationsOf } from "./answer/citations";
import { generateAnswer } from "./answer/generate";
import { chooseFocus, type FocusSpan } from "./answer/focus";
import { excerptsText, type QuestionSelection } from "./answer/prompt";
import { SourceIndex } from "./answer/sourceIndex";
import { unknownNames } from "./answer/unknownNames";
import { localWindow } from "./budget";
import type { PackedContext } from "./context/types";
import type { CurrentContext } from "./contextHost";
import type { ActiveModel } from "./modelHost";
import type { Operation } from "./progress";
import { type QuestionParts, questionParts, type TextOf } from "./questionParts";
import type { Session } from "./session/session";
import { TraceIndex } from "./trace/query";
import { TraceRecorder } from "./trace/recorder";
import { standingOut } from "./trace/standingOut";
import type { Trace } from "./trace/types";

/** Files named as looked at. */
const LOOKED_AT = 5;
/** Tokens of the spans that the focus pass reads again, and the share of the local window that they may take: all of them must be in sight. */
const FOCUS_TOKENS = 1536;
const FOCUS_SHARE = 0.5;
/** Tokens of the question that select together in the focus pass: few, so that each word has its say. */
const FOCUS_SLICE = 8;

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
  readonly textOf: TextOf;
  /** Turns of the conversation before this question. */
  readonly earlier: readonly KeptTurn[];
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

/**
 * Reads the question, writes the answer, and leaves the packed context alone in the cache.
 * @throws LongsightError LS-402, LS-403, LS-410, LS-900
 */
export async function askSession(asking: Asking): Promise<Asked> {
  const { session, active, settings, context, earlier } = asking;
  const mostFocus = Math.min(FOCUS_TOKENS, Math.floor(localWindow(settings, active) * FOCUS_SHARE));
  const focusBudget = wantsFocus(asking) ? mostFocus : 0;
  const parts = await questionParts(asking.params, earlier, context.packed, active, focusBudget, asking.textOf);
  const recorder = startTrace(asking);
  const began = performance.now();
  try {
    const { start, spans, questionTokens } = await readQuestion(asking, parts, recorder);
    const prefilled = performance.now();
    let step = start;
    let next = session.context.length;
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
      signal: asking.signal,
      onDelta: asking.onDelta,
      onToken: (text, selection) => {
        recorder.answer(text, selection, step);
        step = next++;
      },
    });
    const finished = recorder.finish();
    return {
      answer: {
        ...describe(asking, generated, finished),
        ...(parts.droppedTurns > 0 && { droppedTurns: parts.droppedTurns }),
        ...(spans !== null && { focus: spans.flatMap((span) => toRange(span, context.packed)) }),
      },
      trace: finished,
      questionTokens,
      generatedTokens: generated.tokens,
      prefill: (prefilled - began) / 1000,
      decode: (performance.now() - prefilled) / 1000,
    };
  } finally {
    await session.forgetQuestion();
    if (parts.must.length > 0) setMust(session, []);
  }
}

/** The question's turn in the cache. */
interface ReadQuestion {
  /** Tokens in the cache before its last chunk. */
  readonly start: number;
  /** What the focus pass read again; null when there was none. */
  readonly spans: readonly FocusSpan[] | null;
  /** Tokens that were prefilled for it, those of the focus pass included. */
  readonly questionTokens: number;
}

async function readQuestion(asking: Asking, parts: QuestionParts, recorder: TraceRecorder): Promise<ReadQuestion> {
  const { session, signal, active, context } = asking;
  let questionTokens = 0;
  const read = (...parts: readonly Int32Array[]): ReturnType<Session["question"]> => {
    const tokens = Int32Array.from(parts.flatMap((part) => [...part]));
    questionTokens += tokens.length;
    return session.question(tokens, { signal });
  };
  if (!wantsFocus(asking)) {
    if (parts.must.length > 0) setMust(session, parts.must);
    const { trace, chunkStart } = await read(parts.lead, parts.intro, parts.ask);
    recorder.question(trace, chunkStart);
    return { start: chunkStart, spans: null, questionTokens };
  }
  await read(parts.lead);
  const mark = session.context.length;
  for (let from = 0; from < parts.ask.length; from += FOCUS_SLICE) {
    const { trace, chunkStart } = await read(parts.ask.subarray(from, from + FOCUS_SLICE));
    recorder.question(trace, chunkStart);
  }
  await session.context.remove(mark);
  const { packed } = context;
  const order = new Map(packed.files.map(({ document }, index) => [document.path, index]));
  const excerpt = (span: FocusSpan): Int32Array => active.model.tokenize(excerptsText([excerptOf(span, packed)]));
  const index = new TraceIndex(recorder.finish());
  const spans = chooseFocus(index.lines({ phase: "question", layers: focusLayers(index) }, Infinity), {
    budget: parts.excerpts,
    first: parts.declared,
    tokensOf: (span) => excerpt(span).length,
    orderOf: (path) => order.get(path) ?? 0,
  });
  const excerpts =
    spans.length === 0 ? [] : [active.model.tokenize(excerptsText(spans.map((span) => excerptOf(span, packed))))];
  // Not before: what must be seen would count as selected by the question.
  if (parts.must.length > 0) setMust(session, parts.must);
  const { chunkStart } = await read(...excerpts, parts.intro, parts.ask);
  return { start: chunkStart, spans, questionTokens };
}

/** Where everything is in sight of every step, nothing needs to be read again. */
function wantsFocus({ settings, session, active }: Asking): boolean {
  return settings.focus && session.context.isEsa && session.readTokens > localWindow(settings, active);
}

/** Ranges of the context that every step attends to. Dense contexts attend to everything. */
function setMust({ context }: Session, ranges: readonly Interval[]): void {
  if (context.isEsa) context.setMust(ranges);
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
    unknownNames: unknownNames(generated.text, (name) =>
      files.some(({ document, text }) => text.includes(name) || document.path.includes(name)),
    ),
  };
}

function excerptOf({ path, startLine, endLine }: FocusSpan, { files }: PackedContext): QuestionSelection {
  const text = files.find(({ document }) => document.path === path)?.text ?? "";
  const lines = text.split("\n").slice(startLine - 1, endLine);
  return { path, startLine, endLine, text: lines.join("\n") };
}

function toRange({ path, startLine, endLine }: FocusSpan, { files }: PackedContext): AskRange[] {
  const file = files.find(({ document }) => document.path === path);
  return file === undefined ? [] : [{ uri: file.document.uri, startLine, endLine }];
}

/** The later half of the layers: the earlier ones match words more than meaning. */
function focusLayers({ trace }: TraceIndex): Interval {
  return [Math.floor(trace.layers / 2), trace.layers];
}
