/** Questions that suit a repository, drawn from its files and names without a model. */
import type { CodeSymbol, SymbolKind } from "../../shared/symbols";
import type { Document } from "../workspace/types";
import { type FileKind, kindOf } from "./kinds";

/** A source file that was looked at. */
export interface SurveyedFile {
  readonly document: Document;
  readonly text: string;
  readonly symbols: readonly CodeSymbol[];
}

const MOST = 6;
const ENTRY_POINT = /(?:^|\/)(?:main|index|app|server|cli|__main__|manage|program|extension|lib|mod)\.\w+$/i;
/** Where entry points stand, best first. */
const ENTRY_ORDER = /(?:^|\/)(main|__main__|program|extension|app|server|cli|manage|index|lib|mod)\.\w+$/i;
const ENTRY_NAMES = "main __main__ program extension app server cli manage index lib mod".split(" ");
const TYPES: ReadonlySet<SymbolKind> = new Set(["class", "interface", "struct"]);
const FUNCTIONS: ReadonlySet<SymbolKind> = new Set(["function", "method"]);
/** Shorter names, and these, say little by themselves. */
const LEAST_NAME = 5;
const COMMON = new Set(
  "constructor render update handle execute toString equals create initialize getName options".split(" "),
);
/** Languages whose names stand for looks and values. */
const STYLE: ReadonlySet<string> = new Set(["css", "ini"]);
const WORDS = /[A-Za-z_$][\w$]{4,}/g;

/**
 * Up to six questions; the same for the same repository.
 * @param documents all files of the snapshot
 * @param surveyed source files to draw names from, in the order of the snapshot
 */
export function suggestQuestions(documents: readonly Document[], surveyed: readonly SurveyedFile[]): string[] {
  const central = centralSymbols(surveyed);
  const type = central.find(({ symbol }) => TYPES.has(symbol.kind));
  const callable = central.find(({ symbol, file }) => FUNCTIONS.has(symbol.kind) && file !== type?.file);
  const entry = entryPoint(documents);
  const folders = largestFolders(documents);
  const kinds = new Map(documents.map((document) => [document, kindOf(document)]));
  const configuration = firstOf(kinds, "configuration", (path) => !path.startsWith("."));
  const test = firstOf(kinds, "test", () => true);
  const questions = [
    entry === null ? null : `What happens, step by step, when \`${entry.path}\` starts?`,
    type === undefined ? null : `What is \`${type.symbol.name}\` responsible for, and who uses it?`,
    folders.length < 2 ? null : `How do \`${folders[0]}\` and \`${folders[1]}\` work together?`,
    callable === undefined ? null : `Where is \`${callable.symbol.name}\` called, and what happens when it fails?`,
    test === null ? null : `What do the tests in \`${folderOf(test.path)}\` check, and what do they leave out?`,
    configuration === null ? null : `Where is what \`${configuration.path}\` sets used?`,
    "What is this project for, and what are its main parts?",
    "Which errors can a user meet, and where does each come from?",
  ];
  return questions.filter((question) => question !== null).slice(0, MOST);
}

interface Central {
  readonly symbol: CodeSymbol;
  readonly file: SurveyedFile;
  /** Other files that name it. */
  readonly users: number;
}

/** Declarations that one file makes and others name, most used first. */
function centralSymbols(surveyed: readonly SurveyedFile[]): Central[] {
  // The same word in another language is another name.
  const users = new Map<string, number>();
  const keyOf = ({ document }: SurveyedFile, word: string): string => `${document.languageId} ${word}`;
  for (const file of surveyed) {
    for (const word of new Set(file.text.match(WORDS))) {
      const key = keyOf(file, word);
      users.set(key, (users.get(key) ?? 0) + 1);
    }
  }
  const declared = new Map<string, Central | null>();
  for (const file of surveyed.filter(({ document }) => !STYLE.has(document.languageId))) {
    for (const symbol of file.symbols) {
      if (symbol.name.length < LEAST_NAME || COMMON.has(symbol.name)) continue;
      // A name that several files declare says too little.
      const taken = declared.get(symbol.name);
      if (taken !== undefined && taken?.file !== file) declared.set(symbol.name, null);
      else declared.set(symbol.name, taken ?? { symbol, file, users: (users.get(keyOf(file, symbol.name)) ?? 1) - 1 });
    }
  }
  const used = [...declared.values()].filter((central) => central !== null && central.users > 0) as Central[];
  return used.sort((a, b) => b.users - a.users || compare(a.symbol.name, b.symbol.name));
}

function entryPoint(documents: readonly Document[]): Document | null {
  const rank = ({ path }: Document): number => {
    const name = (ENTRY_ORDER.exec(path)?.[1] ?? "").toLowerCase();
    return path.split("/").length * 16 + ENTRY_NAMES.indexOf(name);
  };
  const found = documents.filter((document) => ENTRY_POINT.test(document.path) && kindOf(document) === "source");
  return found.sort((a, b) => rank(a) - rank(b) || compare(a.path, b.path))[0] ?? null;
}

/** The folders with the most source text, none inside of another. */
function largestFolders(documents: readonly Document[]): string[] {
  const bytes = new Map<string, number>();
  for (const document of documents) {
    const folder = folderOf(document.path);
    if (folder === "./" || kindOf(document) !== "source") continue;
    bytes.set(folder, (bytes.get(folder) ?? 0) + document.bytes);
  }
  const largest = [...bytes].sort(([a, x], [b, y]) => y - x || compare(a, b)).map(([folder]) => folder);
  const [first] = largest;
  const second = largest.find(
    (folder) => first !== undefined && !folder.startsWith(first) && !first.startsWith(folder),
  );
  return first === undefined ? [] : second === undefined ? [first] : [first, second];
}

function firstOf(
  kinds: ReadonlyMap<Document, FileKind>,
  kind: FileKind,
  wanted: (path: string) => boolean,
): Document | null {
  for (const [document, own] of kinds) if (own === kind && wanted(document.path)) return document;
  return null;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1) || "./";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
