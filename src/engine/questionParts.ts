/** What a question's turn is made of: its words with the lines it is about, what it mentions, and the turns before it. */
import { readFile } from "node:fs/promises";
import { URI } from "vscode-uri";
import type { KeptTurn } from "../shared/conversation";
import { userErrors } from "../shared/errors";
import type { AskParams, AskRange, Mention } from "../shared/protocol";
import type { Interval } from "../shared/trace";
import type { FocusSpan } from "./answer/focus";
import { type History, historyTokens, type PastTurn } from "./answer/history";
import { askText, END_OF_FILES, introText, type Question, type QuestionSelection } from "./answer/prompt";
import { absentNames, codeNames, declarationSpans } from "./answer/questionNames";
import { QUESTION_LIMIT } from "./budget";
import type { PackedContext, PackedFile } from "./context/types";
import type { ActiveModel } from "./modelHost";

/** Text of a document of the workspace as it is now; null when it is none. */
export type TextOf = (uri: string) => Promise<{ readonly text: string } | null>;

/** Tokens of the parts of a question's turn, in their order. */
export interface QuestionParts {
  /** End of the files, and the earlier turns. */
  readonly lead: Int32Array;
  /** Instructions, the lines that it is about, what it mentions. */
  readonly intro: Int32Array;
  /** The question itself, and the opening of the answer. */
  readonly ask: Int32Array;
  readonly droppedTurns: number;
  /** Tokens that are left for excerpts. */
  readonly excerpts: number;
  /** Tokens of the context that every step must be able to see, in the order of the context. */
  readonly must: readonly Interval[];
  /** Where names of code in the question are declared. */
  readonly declared: readonly FocusSpan[];
}

/**
 * @param textOf text of documents that are not in the context
 * @param excerpts tokens that may stand between the earlier turns and the instructions; 0: none will
 * @throws LongsightError LS-402, LS-403, LS-410 a mention is neither in the context nor short enough to go along
 */
export async function questionParts(
  params: AskParams,
  earlier: readonly KeptTurn[],
  packed: PackedContext,
  { model, frame }: Pick<ActiveModel, "model" | "frame">,
  excerpts: number,
  textOf: TextOf,
): Promise<QuestionParts> {
  if (params.question.trim() === "") throw userErrors.questionEmpty();
  const mentions = params.mentions ?? [];
  const found = mentions.map((mention) => ({ mention, must: mentionedTokens(mention, packed) }));
  const names = codeNames(params.question);
  const files = packed.files.map(({ document, text }) => ({ path: document.path, text }));
  const declared = declarationSpans(names, files);
  const question: Question = {
    text: params.question,
    form: params.form ?? "ask",
    selection: params.selection === undefined ? null : await selectedLines(params.selection, packed, textOf),
    mentioned: mentions.map(({ label }) => label),
    absent: absentNames(names, files),
    attached: await Promise.all(
      found.filter(({ must }) => must.length === 0).map(({ mention }) => attach(mention, textOf)),
    ),
  };
  const tokenize = (text: string): Int32Array => model.tokenize(text);
  const intro = tokenize(introText(question, excerpts > 0));
  const ask = Int32Array.from([...tokenize(askText(question.text)), ...frame.after]);
  const end = tokenize(END_OF_FILES);
  const own = end.length + intro.length + ask.length;
  if (own > QUESTION_LIMIT) throw userErrors.questionTooLong(own, QUESTION_LIMIT);
  const forExcerpts = Math.min(excerpts, QUESTION_LIMIT - own);
  const room = QUESTION_LIMIT - own - forExcerpts;
  const { tokens, dropped }: History = historyTokens(pastTurns(earlier), frame, tokenize, room);
  const lead = Int32Array.from([...end, ...tokens.flatMap((turn) => [...turn])]);
  return {
    lead,
    intro,
    ask,
    droppedTurns: dropped,
    excerpts: forExcerpts,
    must: [...found.flatMap(({ must }) => must), ...tokensOf(declared, packed)].sort(([a], [b]) => a - b),
    declared,
  };
}

function tokensOf(spans: readonly FocusSpan[], packed: PackedContext): Interval[] {
  const all = spans.map(({ path, startLine, endLine }) => packed.spans.tokensOf(path, startLine, endLine));
  return all.filter((tokens) => tokens !== null && tokens[0] < tokens[1]) as Interval[];
}

function pastTurns(turns: readonly KeptTurn[]): PastTurn[] {
  return turns.flatMap(({ question, answer }) =>
    answer === null || answer.text === "" ? [] : [{ question: askText(question), answer: answer.text }],
  );
}

/** The text of the lines that a question is about, as the context has it; else as it is on disk. */
async function selectedLines(range: AskRange, packed: PackedContext, textOf: TextOf): Promise<QuestionSelection> {
  const uri = URI.parse(range.uri);
  const file = packed.files.find(({ document }) => document.uri === uri.toString());
  const text = file?.text ?? (await currentText(uri, textOf));
  if (text === null) throw userErrors.folderUnreadable(uri.fsPath);
  const { startLine, endLine } = range;
  return { path: file?.document.path ?? uri.fsPath, startLine, endLine, text: linesOf(text, startLine, endLine) };
}

/** Tokens of a mentioned file, of lines of it, or of the files in a folder; none when it is not in the context. */
function mentionedTokens({ uri, startLine, endLine }: Mention, { files, spans }: PackedContext): Interval[] {
  const wanted = URI.parse(uri).toString();
  const file = files.find(({ document }) => document.uri === wanted);
  if (file !== undefined && startLine !== undefined) {
    const tokens = spans.tokensOf(file.document.path, startLine, endLine ?? startLine);
    return tokens === null || tokens[0] === tokens[1] ? [] : [tokens];
  }
  if (file !== undefined) return [wholeFile(file)];
  const folder = wanted.endsWith("/") ? wanted : `${wanted}/`;
  return files.filter(({ document }) => document.uri.startsWith(folder)).map(wholeFile);
}

const wholeFile = ({ start, count }: PackedFile): Interval => [start, start + count];

/** Text of a mention that is not in the context. @throws LongsightError LS-410 when it cannot be read */
async function attach({ uri, startLine, endLine, label }: Mention, textOf: TextOf): Promise<QuestionSelection> {
  const file = URI.parse(uri);
  const text = await currentText(file, textOf);
  if (text === null) throw userErrors.mentionMissing(label);
  const count = text.split("\n").length;
  const [from, to] = startLine === undefined ? [1, count] : [startLine, endLine ?? startLine];
  return { path: label, startLine: from, endLine: to, text: linesOf(text, from, to) };
}

/** As the workspace has it, unsaved and in its encoding; a file of no workspace folder as it is on disk. */
async function currentText(uri: URI, textOf: TextOf): Promise<string | null> {
  return (await textOf(uri.toString()))?.text ?? textOnDisk(uri);
}

/** null when there is no such file, or it is no text. */
async function textOnDisk(uri: URI): Promise<string | null> {
  if (uri.scheme !== "file") return null;
  const text = await readFile(uri.fsPath, "utf8").catch(() => null);
  return text === null || text.includes("\0") ? null : text;
}

const linesOf = (text: string, from: number, to: number): string =>
  text
    .split("\n")
    .slice(from - 1, to)
    .join("\n");
