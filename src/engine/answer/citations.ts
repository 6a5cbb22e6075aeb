import type { Citation } from "../../shared/protocol";
import type { Interval, LineSelection } from "../../shared/trace";
import { liftedSpans } from "./liftedSpans";
import { type FileMention, findFileMentions, findSymbolMentions, sentenceAround, type SymbolMention } from "./mentions";
import type { CitableFile, SourceIndex } from "./sourceIndex";

/** Spans that stand in for citations when an answer names nothing. */
const MAX_SELECTED = 3;

interface Lines {
  readonly startLine: number;
  readonly endLine: number;
}

/**
 * The citations of an answer, in the order of its mentions. What an answer names becomes a citation only when it is in
 * the context: a file that is not packed, and lines that do not exist, are dropped.
 * @param lines selection of the lines of the context while the answer was written, in any order
 */
export function citationsOf(answer: string, index: SourceIndex, lines: readonly LineSelection[]): Citation[] {
  const symbols = findSymbolMentions(answer);
  const cited: Citation[] = [];
  for (const mention of findFileMentions(answer, index)) {
    const near = symbolsNear(answer, mention.at, symbols);
    const file = chooseFile(mention, near, cited, index) ?? mostSelected(mention.candidates, lines);
    if (file !== null) cited.push(citeFile(file, mention, near, index, lines));
  }
  for (const symbol of symbols) {
    const citation = citeSymbol(symbol, index);
    if (citation !== null && !isCitedNearby(answer, citation, cited)) cited.push(citation);
  }
  if (cited.length === 0) return liftedSpans(lines, MAX_SELECTED).flatMap((span) => citeSpan(span, index));
  return cited.sort((a, b) => (a.mention?.[0] ?? 0) - (b.mention?.[0] ?? 0));
}

/** Symbols in the sentence around a mention, the nearest first, without those inside the mention itself. */
function symbolsNear(answer: string, at: Interval, symbols: readonly SymbolMention[]): SymbolMention[] {
  const [from, to] = sentenceAround(answer, at[0]);
  const distance = (symbol: SymbolMention): number => Math.abs(symbol.at[0] - at[0]);
  return symbols
    .filter((symbol) => symbol.at[0] >= from && symbol.at[1] <= to && (symbol.at[1] <= at[0] || symbol.at[0] >= at[1]))
    .sort((a, b) => distance(a) - distance(b));
}

/**
 * The file that a mention means: the only candidate, else the one that defines a symbol of the sentence, else the one
 * that was cited last.
 */
function chooseFile(
  mention: FileMention,
  near: readonly SymbolMention[],
  cited: readonly Citation[],
  index: SourceIndex,
): CitableFile | null {
  const [only] = mention.candidates;
  if (only !== undefined && mention.candidates.length === 1) return only;
  for (const symbol of near) {
    const defining = new Set(index.definitionsOf(symbol.parts.at(-1) ?? "").map((entry) => entry.file));
    const [match, another] = mention.candidates.filter((file) => defining.has(file));
    if (match !== undefined && another === undefined) return match;
  }
  const earlier = cited.findLast((citation) => mention.candidates.some((file) => file.path === citation.path));
  return mention.candidates.find((file) => file.path === earlier?.path) ?? null;
}

/** How much more a file must have been selected than the others of its name to be the one that is meant. */
const CLEARLY = 1.5;

/** The file of an ambiguous name that was clearly selected most; a name that stays ambiguous cites nothing. */
function mostSelected(candidates: readonly CitableFile[], lines: readonly LineSelection[]): CitableFile | null {
  const lifts = candidates.map((file) => ({
    file,
    lift:
      liftedSpans(
        lines.filter((line) => line.path === file.path),
        1,
      )[0]?.lift ?? 0,
  }));
  const [first, second] = lifts.sort((a, b) => b.lift - a.lift);
  return first !== undefined && first.lift >= Math.max(1, CLEARLY * (second?.lift ?? 0)) ? first.file : null;
}

function citeFile(
  file: CitableFile,
  mention: FileMention,
  near: readonly SymbolMention[],
  index: SourceIndex,
  lines: readonly LineSelection[],
): Citation {
  const { path, uri } = file;
  const written = mention.lines === null ? null : clampLines(mention.lines, index.lineCount(file));
  const symbol = linesOfSymbol(file, near, index);
  // Models count lines badly: where the named symbol stands elsewhere in that file, the symbol is right.
  if (written !== null && (symbol === null || overlap(written, symbol))) {
    return { path, uri, ...written, origin: "written", mention: mention.at };
  }
  const place = symbol ?? mostLifted(file, lines) ?? { startLine: 1, endLine: 1 };
  return { path, uri, ...place, origin: "named", mention: mention.at };
}

function linesOfSymbol(file: CitableFile, near: readonly SymbolMention[], index: SourceIndex): Lines | null {
  for (const symbol of near) {
    const place = index.symbolIn(file, symbol.parts.at(-1) ?? "");
    if (place !== null) return { startLine: place.startLine, endLine: place.endLine };
  }
  return null;
}

/** A symbol becomes a citation when exactly one file defines it, or exactly one of those that define its qualifier. */
function citeSymbol(symbol: SymbolMention, index: SourceIndex): Citation | null {
  const name = symbol.parts.at(-1) ?? "";
  const qualifier = symbol.parts.at(-2);
  let places = index.definitionsOf(name);
  if (qualifier !== undefined) {
    const owners = new Set(index.definitionsOf(qualifier).map((entry) => entry.file));
    const owned = places.filter((entry) => owners.has(entry.file));
    if (owned.length > 0) places = owned;
  }
  const [place] = places;
  if (place === undefined || places.some((entry) => entry.file !== place.file)) return null;
  const { startLine, endLine } = place.definition;
  return { path: place.file.path, uri: place.file.uri, startLine, endLine, origin: "named", mention: symbol.at };
}

/** True when a mention in the same sentence has led to the same lines already. */
function isCitedNearby(answer: string, citation: Citation, cited: readonly Citation[]): boolean {
  const [from, to] = sentenceAround(answer, citation.mention?.[0] ?? 0);
  return cited.some(
    (other) =>
      other.path === citation.path &&
      other.mention !== null &&
      other.mention[0] >= from &&
      other.mention[1] <= to &&
      overlap(other, citation),
  );
}

function citeSpan(span: Lines & { readonly path: string }, index: SourceIndex): Citation[] {
  const file = index.file(span.path);
  if (file === undefined) return [];
  const lines = clampLines([span.startLine, span.endLine], index.lineCount(file));
  return lines === null ? [] : [{ path: file.path, uri: file.uri, ...lines, origin: "selected", mention: null }];
}

function mostLifted(file: CitableFile, lines: readonly LineSelection[]): Lines | null {
  const [span] = liftedSpans(
    lines.filter((line) => line.path === file.path),
    1,
  );
  return span === undefined ? null : { startLine: span.startLine, endLine: span.endLine };
}

/** Lines that exist; null when the first one does not. */
function clampLines([first, last]: readonly [number, number], count: number): Lines | null {
  const startLine = Math.min(first, last);
  if (startLine < 1 || startLine > count) return null;
  return { startLine, endLine: Math.min(Math.max(first, last), count) };
}

function overlap(a: Lines, b: Lines): boolean {
  return a.startLine <= b.endLine && b.startLine <= a.endLine;
}
