import { Language, Parser, Query } from "web-tree-sitter";
import { extractDeclarations } from "./extract";
import { type Grammar, grammarFiles, type GrammarFiles, grammarOf } from "./grammars";
import type { Declaration } from "./types";

/** UTF-16 units of a text that are looked at; what comes after has no symbols. */
const MAX_LENGTH = 1 << 20;
/** Milliseconds for one text: a grammar can take very long over what is not its language. */
const MAX_MS = 3000;
/** Declarations kept in memory. */
const MAX_KEPT = 400_000;

/** A grammar, loaded. */
interface Loaded {
  readonly parser: Parser;
  readonly query: Query;
}

export interface SymbolsOptions {
  /** Where parser and grammars are; default: beside the bundle, or as installed. */
  readonly files?: GrammarFiles;
  /** Bound of the declarations in memory; the least recently used go first. */
  readonly maxKept?: number;
  /** Milliseconds for one text. */
  readonly maxMs?: number;
  /** Told of what keeps a language from having symbols: a grammar that is missing or fails. */
  readonly onProblem?: (message: string, error: unknown) => void;
}

/** Finds the declarations of texts with the grammars that ship, and keeps them by content. */
export class Symbols {
  readonly #options: SymbolsOptions;
  readonly #grammars = new Map<string, Promise<Loaded | null>>();
  /** By grammar and content hash; the order is that of use. */
  readonly #kept = new Map<string, readonly Declaration[]>();
  #count = 0;
  #disposed = false;

  constructor(options: SymbolsOptions = {}) {
    this.#options = options;
  }

  /** True when the language has a grammar: others have no symbols. */
  knows(languageId: string): boolean {
    return grammarOf(languageId) !== null;
  }

  /** The declarations of a text that was looked at before; null when it was not. */
  known(languageId: string, contentHash: string): readonly Declaration[] | null {
    const grammar = grammarOf(languageId);
    return grammar === null ? [] : (this.#kept.get(keyOf(grammar, contentHash)) ?? null);
  }

  /**
   * Declarations of a text in the order of lines; empty for languages without a grammar. Odd text gives what the grammar
   * recognises, a text that takes too long nothing.
   * @param contentHash sha256 of the text, hex
   */
  async symbolsOf(languageId: string, text: string, contentHash: string): Promise<readonly Declaration[]> {
    const grammar = grammarOf(languageId);
    if (grammar === null) return [];
    const key = keyOf(grammar, contentHash);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known;
    }
    const loaded = await this.#load(grammar);
    if (loaded === null || this.#disposed) return [];
    let found: readonly Declaration[] = [];
    try {
      found = this.#parse(loaded, text);
    } catch (error) {
      this.#options.onProblem?.(`the grammar of ${languageId} failed on a text`, error);
    }
    this.#keep(key, found);
    return found;
  }

  /** Frees parsers and queries. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#kept.clear();
    for (const loading of this.#grammars.values()) {
      const loaded = await loading;
      loaded?.parser.delete();
      loaded?.query.delete();
    }
    this.#grammars.clear();
  }

  #parse({ parser, query }: Loaded, text: string): readonly Declaration[] {
    const deadline = performance.now() + (this.#options.maxMs ?? MAX_MS);
    const tree = parser.parse(beginning(text), null, { progressCallback: () => performance.now() > deadline });
    if (tree === null) {
      parser.reset(); // Else the next text would go on with this one.
      return [];
    }
    try {
      return extractDeclarations(tree.rootNode, query, deadline);
    } finally {
      tree.delete();
    }
  }

  #keep(key: string, found: readonly Declaration[]): void {
    this.#kept.set(key, found);
    this.#count += weight(found);
    for (const [oldest, declarations] of this.#kept) {
      if (this.#count <= (this.#options.maxKept ?? MAX_KEPT) || oldest === key) return;
      this.#kept.delete(oldest);
      this.#count -= weight(declarations);
    }
  }

  #load(grammar: Grammar): Promise<Loaded | null> {
    let loading = this.#grammars.get(grammar.name);
    if (loading === undefined) {
      loading = loadGrammar(grammar, this.#options.files).catch((error: unknown) => {
        this.#options.onProblem?.(`the grammar ${grammar.name} cannot be used`, error);
        return null;
      });
      this.#grammars.set(grammar.name, loading);
    }
    return loading;
  }
}

let started: Promise<void> | null = null;

async function loadGrammar({ name, query }: Grammar, files = grammarFiles()): Promise<Loaded> {
  await (started ??= Parser.init({ locateFile: () => files.runtime }));
  const language = await Language.load(files.grammar(name));
  const parser = new Parser();
  parser.setLanguage(language);
  return { parser, query: new Query(language, query) };
}

/** The text up to a line break near the limit. */
function beginning(text: string): string {
  if (text.length <= MAX_LENGTH) return text;
  const end = text.lastIndexOf("\n", MAX_LENGTH);
  return text.slice(0, end < 0 ? MAX_LENGTH : end + 1);
}

const keyOf = (grammar: Grammar, contentHash: string): string => `${grammar.name} ${contentHash}`;

/** An entry without declarations takes memory too. */
const weight = (declarations: readonly Declaration[]): number => declarations.length + 1;
