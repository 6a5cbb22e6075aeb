import type { Interval } from "../../shared/trace";
import type { CitableFile, SourceIndex } from "./sourceIndex";

/** A place in an answer that names one or, while ambiguous, several files of the context. */
export interface FileMention {
  readonly candidates: readonly CitableFile[];
  /** Lines as written, unchecked: 1-based, inclusive; null when none are named. */
  readonly lines: readonly [start: number, end: number] | null;
  /** UTF-16 offsets of the name and the line numbers that are joined to it. */
  readonly at: Interval;
}

/** A place in an answer that names a symbol. */
export interface SymbolMention {
  /** Qualifiers and name: `["Pipeline", "ask"]` for `Pipeline.ask()`. */
  readonly parts: readonly string[];
  readonly at: Interval;
}

// `:12`, `:12:5` (line and column), `:12-14`, `:L12`, `#L12`, `#L12-L14`
const JOINED_LINES = /^(?::L?(\d+)(?::\d+)?(?:\s?[-–—]\s?L?(\d+))?|#L?(\d+)(?:C\d+)?(?:-L?(\d+)(?:C\d+)?)?)/;
// ", line 12", "(lines 12-14)", "at line 12", "on lines 12 to 14"
const LINES_AFTER =
  /^[`*]{0,3}\s*[,(]?\s*(?:(?:at|on|in|around|from)\s+)?lines?\s+(\d+)(?:\s*(?:-|–|—|to|and|through)\s*(\d+))?(?!\d|\s+(?:of|in)\b)/i;
// "line 12 of x", "lines 12-14 in the file x"
const LINES_BEFORE =
  /\blines?\s+(\d+)(?:\s*(?:-|–|—|to|and|through)\s*(\d+))?\s+(?:of|in)\s+(?:the\s+)?(?:file\s+)?[`*]{0,3}$/i;

/** All mentions of files, in order. Names are compared with those of the context, so any character in them is fine. */
export function findFileMentions(answer: string, index: SourceIndex): FileMention[] {
  const text = answer.replace(/\\(?=[\w.@[(-])/g, "/");
  const mentions: FileMention[] = [];
  for (const name of index.baseNames()) {
    for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
      const mention = mentionAt(text, name, at, index);
      if (mention !== null) mentions.push(mention);
    }
  }
  return mentions.filter((one) => !mentions.some((other) => other !== one && covers(other, one))).sort(byPosition);
}

const SYMBOL = /^([A-Za-z_$][\w$]*(?:(?:\.|::|#|->)[A-Za-z_$][\w$]*)*)(?:\(.*\))?$/;
// Words that only code has: camelCase, PascalCase of several words, snake_case, calls without arguments.
const CODE_WORD =
  /(?<![\w$./-])(?:[a-z$][\w$]*[a-z0-9][A-Z][\w$]*|[A-Z][a-z0-9]+[A-Z][\w$]*|[A-Za-z]\w*_\w+|[A-Za-z_$][\w$]+(?=\(\)))(?![\w$/-]|\.\w)/g;

/** All symbols, in order: what is in backticks, and words that only code has. Code blocks are left out. */
export function findSymbolMentions(answer: string): SymbolMention[] {
  const mentions: SymbolMention[] = [];
  const prose = answer
    .replace(/```[\s\S]*?(?:```|$)/g, blank)
    .replace(/`([^`\n]{2,120})`/g, (quoted: string, content: string, at: number) => {
      const name = SYMBOL.exec(content.trim())?.[1];
      if (name !== undefined) mentions.push({ parts: name.split(/\.|::|#|->/), at: [at + 1, at + 1 + content.length] });
      return blank(quoted);
    });
  for (const { 0: word, index } of prose.matchAll(CODE_WORD)) {
    mentions.push({ parts: [word], at: [index, index + word.length] });
  }
  return mentions.sort(byPosition);
}

const blank = (text: string): string => " ".repeat(text.length);

/** The sentence around an offset. A dot inside a name ends no sentence; a line break does. */
export function sentenceAround(answer: string, offset: number): Interval {
  const ends = /[.!?](?=\s)|\n/g;
  let from = 0;
  for (const match of answer.matchAll(ends)) {
    const end = match.index + 1;
    if (end > offset) return [from, end];
    from = end;
  }
  return [from, answer.length];
}

function mentionAt(text: string, name: string, at: number, index: SourceIndex): FileMention | null {
  const end = at + name.length;
  if (continuesName(text, end)) return null;
  const candidates: CitableFile[] = [];
  let from = at;
  let longest = -1;
  for (const file of index.withBaseName(name)) {
    const start = startOfPath(text, at, file.path);
    if (start === null) continue;
    const matched = at - start;
    if (matched > longest) candidates.length = 0;
    if (matched < longest) continue;
    longest = matched;
    from = start;
    candidates.push(file);
  }
  if (candidates.length === 0) return null;
  const joined = JOINED_LINES.exec(text.slice(end, end + 40));
  // A bare word such as `build` or `LICENSE` is a file only where the answer marks it as one.
  if (!name.includes(".") && longest === 0 && joined === null && !isQuoted(text, from, end)) return null;
  return {
    candidates,
    lines: joined !== null ? toLines(joined) : linesNearby(text, from, end),
    at: [from, end + (joined?.[0].length ?? 0)],
  };
}

/** Where the longest end of `path` starts that is written at `at`; null when another folder is written there. */
function startOfPath(text: string, at: number, path: string): number | null {
  const folders = path.split("/").slice(0, -1);
  let start = at;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const before = `${folder}/`;
    if (!text.endsWith(before, start) || !text.slice(0, start).endsWith(before)) break;
    start -= before.length;
  }
  // "./src/a.ts" and "/src/a.ts" are the file; "other/a.ts" is not.
  const lead = /(?:^|[\s`"'(<[*])(?:\.?\/)$/.exec(text.slice(Math.max(0, start - 4), start));
  if (lead !== null) return start;
  const previous = text[start - 1];
  return previous !== undefined && /[\w/.@~-]/.test(previous) ? null : start;
}

/** True when more name follows: `a.ts` in `a.tsx` or `a.ts.map`. */
function continuesName(text: string, end: number): boolean {
  return /^(?:[\w$-]|\.\w|\/)/.test(text.slice(end, end + 2));
}

function isQuoted(text: string, from: number, end: number): boolean {
  return text[from - 1] === "`" && text[end] === "`";
}

function linesNearby(text: string, from: number, end: number): [number, number] | null {
  const after = LINES_AFTER.exec(text.slice(end, end + 60));
  if (after !== null) return toLines(after);
  const before = LINES_BEFORE.exec(text.slice(Math.max(0, from - 60), from));
  return before === null ? null : toLines(before);
}

function toLines(match: RegExpExecArray): [number, number] {
  const groups: readonly (string | undefined)[] = match.slice(1);
  const [first, second] = groups.filter((group) => group !== undefined);
  const start = Number(first);
  return [start, second === undefined ? start : Number(second)];
}

function covers(outer: FileMention, inner: FileMention): boolean {
  const longer = outer.at[1] - outer.at[0] > inner.at[1] - inner.at[0];
  return longer && outer.at[0] <= inner.at[0] && inner.at[1] <= outer.at[1];
}

function byPosition(a: { readonly at: Interval }, b: { readonly at: Interval }): number {
  return a.at[0] - b.at[0];
}
