/** Names of code that a question uses: where they are declared is certain, so it need not be left to attention. */
import { findDefinitions } from "./definitions";
import type { FocusSpan } from "./focus";

/** Names of a question that are looked for at most. */
const MAX_NAMES = 8;
/** Places shown for a name at most: overloads, and the same name in several files. */
const MAX_PLACES = 3;
/** Lines of a declaration that are shown. */
const MAX_LINES = 16;
const LEAST_LENGTH = 3;

/** A file as the context has it. */
export interface NamedFile {
  readonly path: string;
  readonly text: string;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Looks like code outside of code marks: `a_b`, `aB`, `ABc1`, or called as `a()`. */
const LOOKS_LIKE_CODE = /^(?:\w+_\w+|[a-z$][\w$]*[A-Z][\w$]*|[A-Z][a-z0-9]+[A-Z][\w$]*)$/;

/** Identifiers of the question, in its order: those in code marks, those written as calls, and those that look like code. */
export function codeNames(question: string): string[] {
  const names = new Set<string>();
  const add = (word: string, certain: boolean): void => {
    for (const part of word.split(/::|[.#]|->/)) {
      if (part.length < LEAST_LENGTH || !IDENTIFIER.test(part)) continue;
      if (certain || LOOKS_LIKE_CODE.test(part)) names.add(part);
    }
  };
  for (const [, marked, word, call] of question.matchAll(/`([^`\n]+)`|([\w$][\w$.:#]*)(\(\))?/g)) {
    if (marked !== undefined) marked.split(/[^\w$.:#]+/).forEach((part) => add(part, true));
    else if (word !== undefined) add(word, call !== undefined);
  }
  return [...names].slice(0, MAX_NAMES);
}

/** Where the names are declared, by the look of the lines; the first places of each name in the order of the files. */
export function declarationSpans(names: readonly string[], files: readonly NamedFile[]): FocusSpan[] {
  const left = new Map(names.map((name) => [name, MAX_PLACES]));
  const spans: FocusSpan[] = [];
  for (const { path, text } of files) {
    if (![...left].some(([name, places]) => places > 0 && text.includes(name))) continue;
    for (const { name, startLine, endLine } of findDefinitions(text)) {
      const places = left.get(name) ?? 0;
      if (places === 0) continue;
      left.set(name, places - 1);
      spans.push({ path, startLine, endLine: Math.min(endLine, startLine + MAX_LINES - 1) });
    }
  }
  return spans;
}

/** The names that stand nowhere in the files, not even in their paths. */
export function absentNames(names: readonly string[], files: readonly NamedFile[]): string[] {
  return names.filter((name) => !files.some(({ path, text }) => text.includes(name) || path.includes(name)));
}
