/** Finds what a question can mention by a part of its name. */
import type { CodeSymbol, MentionCandidate } from "../../shared/symbols";
import type { Document } from "../workspace/types";
import { type Name, score, toName } from "./match";
import type { Declaration } from "./types";

/** Symbols that are searched; those of files that come later are left out. */
const MAX_SYMBOLS = 300_000;
/** The same candidate is found by its name and by its qualified name. */
const KEPT_PER_CANDIDATE = 4;

/** Something that can be found, with what makes its candidate. */
interface Entry {
  readonly name: Name;
  /** Of equal matches the one with the smaller weight comes first. */
  readonly weight: number;
  candidate(): MentionCandidate;
}

const WEIGHTS: Readonly<Record<MentionCandidate["kind"], number>> = { file: 0, symbol: 1, folder: 2 };
/** What stands in a function or is a field is seldom what is meant. */
const INNER_WEIGHT = 3;
const INNER: ReadonlySet<CodeSymbol["kind"]> = new Set(["property", "variable"]);

/** Files and folders of a snapshot at once, symbols as they are added. */
export class MentionIndex {
  readonly #files: readonly Entry[];
  /** By whole path, for what is typed with a `/`. */
  readonly #paths: readonly Entry[];
  readonly #newest: readonly Document[];
  readonly #symbols: Entry[] = [];
  readonly #qualified: Entry[] = [];

  constructor(documents: readonly Document[]) {
    const folders = foldersOf(documents);
    this.#files = [
      ...documents.map((document) => entry(baseName(document.path), WEIGHTS.file, () => fileCandidate(document))),
      ...folders.map((folder) => entry(baseName(folder.path), WEIGHTS.folder, () => folderCandidate(folder))),
    ];
    this.#paths = [
      ...documents.map((document) => entry(document.path, WEIGHTS.file, () => fileCandidate(document))),
      ...folders.map((folder) => entry(`${folder.path}/`, WEIGHTS.folder, () => folderCandidate(folder))),
    ];
    this.#newest = documents.toSorted((a, b) => b.mtimeMs - a.mtimeMs);
  }

  /** Adds the declarations of a document. @returns false when there is room for no more */
  add(document: Document, declarations: readonly Declaration[]): boolean {
    for (const symbol of declarations) {
      if (this.#symbols.length >= MAX_SYMBOLS) return false;
      const weight = symbol.local || INNER.has(symbol.kind) ? INNER_WEIGHT : WEIGHTS.symbol;
      const candidate = (): MentionCandidate => symbolCandidate(document, symbol);
      this.#symbols.push(entry(symbol.name, weight, candidate));
      if (symbol.parent !== null) this.#qualified.push(entry(qualifiedName(symbol), weight, candidate));
    }
    return true;
  }

  /** The best candidates, best first; for an empty text the files that were edited last. */
  find(text: string, limit: number): MentionCandidate[] {
    const typed = text.trim().replace(/^@/, "");
    if (typed === "") return this.#newest.slice(0, limit).map(fileCandidate);
    const query = toName(typed);
    const searched = typed.includes("/")
      ? [this.#paths]
      : [this.#files, this.#symbols, ...(/[.:]/.test(typed) ? [this.#qualified] : [])];
    const best = new Best(KEPT_PER_CANDIDATE * limit);
    for (const entries of searched) {
      for (const candidate of entries) {
        const points = score(query, candidate.name);
        if (points > 0) best.add(candidate, points);
      }
    }
    return distinct(best.take(), limit);
  }
}

interface Match {
  readonly entry: Entry;
  readonly score: number;
}

/** The best of very many matches, without sorting them all. */
class Best {
  readonly #size: number;
  #matches: Match[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(entry: Entry, score: number): void {
    this.#matches.push({ entry, score });
    if (this.#matches.length >= 16 * this.#size) this.#matches = this.#sorted();
  }

  take(): Entry[] {
    return this.#sorted().map((match) => match.entry);
  }

  #sorted(): Match[] {
    const order = (a: Match, b: Match): number =>
      b.score - a.score || a.entry.weight - b.entry.weight || compareTexts(a.entry, b.entry);
    return this.#matches.sort(order).slice(0, this.#size);
  }
}

function distinct(entries: readonly Entry[], limit: number): MentionCandidate[] {
  const seen = new Set<string>();
  const candidates: MentionCandidate[] = [];
  for (const each of entries) {
    if (candidates.length === limit) break;
    const candidate = each.candidate();
    const key = JSON.stringify(candidate.mention);
    if (seen.has(key)) continue;
    seen.add(key);
    candidates.push(candidate);
  }
  return candidates;
}

interface Folder {
  readonly path: string;
  readonly uri: string;
}

/** Every folder that holds a document, with its URI. */
function foldersOf(documents: readonly Document[]): Folder[] {
  const folders = new Map<string, Folder>();
  for (const document of documents) {
    let { path, uri } = document;
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/")) {
      path = path.slice(0, end);
      uri = uri.slice(0, uri.lastIndexOf("/"));
      if (folders.has(path)) break;
      folders.set(path, { path, uri });
    }
  }
  return [...folders.values()];
}

function fileCandidate({ path, uri }: Document): MentionCandidate {
  return { kind: "file", label: path, detail: "", mention: { uri, label: `@${path}` } };
}

function folderCandidate({ path, uri }: Folder): MentionCandidate {
  return { kind: "folder", label: `${path}/`, detail: "", mention: { uri, label: `@${path}/` } };
}

function symbolCandidate({ path, uri }: Document, symbol: CodeSymbol): MentionCandidate {
  const { startLine, endLine } = symbol;
  const label = qualifiedName(symbol);
  return {
    kind: "symbol",
    label,
    detail: `${path}:${startLine}`,
    mention: { uri, startLine, endLine, label: `@${label}` },
  };
}

const qualifiedName = ({ parent, name }: CodeSymbol): string => (parent === null ? name : `${parent}.${name}`);
const entry = (text: string, weight: number, candidate: () => MentionCandidate): Entry => ({
  name: toName(text),
  weight,
  candidate,
});
const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const compareTexts = (a: Entry, b: Entry): number =>
  a.name.text.length - b.name.text.length || (a.name.text < b.name.text ? -1 : a.name.text > b.name.text ? 1 : 0);
