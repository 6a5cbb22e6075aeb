import { setTimeout } from "node:timers/promises";
import type { EngineSettings } from "../shared/protocol";
import type { CodeSymbol, MentionCandidate } from "../shared/symbols";
import { kindOf } from "./context/kinds";
import { suggestQuestions, type SurveyedFile } from "./context/questions";
import { sha256 } from "./disk";
import type { Log } from "./log";
import { type Operation, throwIfAborted, unlessAborted } from "./progress";
import { MentionIndex } from "./symbols/mentionIndex";
import { Symbols } from "./symbols/symbols";
import type { Declaration } from "./symbols/types";
import type { WorkspaceHost } from "./workspaceHost";
import { languageOf } from "./workspace/languages";
import type { Document, ReadText, Snapshot } from "./workspace/types";

/** Age in ms of a snapshot from which a new one is taken, in the background, when something is looked for. */
const FRESH_MS = 5_000;
/** Milliseconds of work that declarations of a whole workspace may take. */
const INDEX_MS = 60_000;
/** Milliseconds of work at a time, and of rest after it: other requests and the model's threads come in between. */
const SLICE_MS = 8;
const REST_MS = 8;
/** Source files and bytes that questions are drawn from. */
const SURVEY_FILES = 400;
const SURVEY_BYTES = 4 * 2 ** 20;

/** Milliseconds that a search waits for declarations which are still being looked for. */
const PATIENCE_MS = 250;

/** What is known of the names of one snapshot. */
interface Index {
  readonly snapshot: Snapshot;
  readonly read: ReadText;
  readonly mentions: MentionIndex;
  /** Settles when all declarations are in, or as many as there is time for. */
  filled: Promise<void>;
}

/** Answers what needs names but no model: symbols of a file, what can be mentioned, what can be asked. */
export class SymbolsHost {
  readonly symbols: Symbols;
  readonly #workspace: WorkspaceHost;
  readonly #log: Log;
  readonly #settings: () => EngineSettings;
  readonly #life = new AbortController();
  #index: Index | null = null;
  #renewal: Promise<Index> | null = null;
  #takenAt = 0;
  /** Counts the resets: what was taken before the last one is not kept. */
  #generation = 0;

  /** @param settings those of now */
  constructor(workspace: WorkspaceHost, log: Log, settings: () => EngineSettings) {
    this.#workspace = workspace;
    this.#settings = settings;
    this.#log = log;
    this.symbols = new Symbols({ onProblem: (message, error) => log.error(message, error) });
  }

  /** Declarations of a document as it is now; empty when it is none of the workspace's, or no text. */
  async symbolsOf(uri: string): Promise<readonly CodeSymbol[]> {
    const file = await this.#workspace.textOf(uri);
    if (file === null) return [];
    return this.inText(file.name, file.text);
  }

  /** Declarations of a text, in the language that the name or path of its file says. */
  readonly inText = async (name: string, text: string): Promise<readonly CodeSymbol[]> => {
    const language = languageOf(name.slice(name.lastIndexOf("/") + 1));
    const found = await this.symbols.symbolsOf(language, text, sha256(text));
    return found.map(({ name, kind, startLine, endLine, parent }) => ({ name, kind, startLine, endLine, parent }));
  };

  /** Names that match, best first; those of symbols as far as they are known by now. @throws LongsightError LS-1xx, LS-900 */
  async findMentions(
    { text, limit }: { readonly text: string; readonly limit: number },
    operation: Operation,
  ): Promise<readonly MentionCandidate[]> {
    const { mentions, filled } = await this.#current(operation);
    await Promise.race([filled, setTimeout(PATIENCE_MS)]);
    return mentions.find(text, limit);
  }

  /** @throws LongsightError LS-1xx, LS-900 */
  async suggestQuestions(operation: Operation): Promise<readonly string[]> {
    const { snapshot, read } = await this.#current(operation);
    const sources = snapshot.documents.filter(
      (document) => kindOf(document) === "source" && this.symbols.knows(document.languageId),
    );
    const surveyed: SurveyedFile[] = [];
    let bytes = 0;
    for (const document of sources.slice(0, SURVEY_FILES)) {
      if ((bytes += document.bytes) > SURVEY_BYTES) break;
      throwIfAborted(operation.signal);
      const text = await read(document).catch(() => null); // Changed meanwhile: the others are enough.
      if (text === null) continue;
      const symbols = await this.symbols.symbolsOf(document.languageId, text, document.contentHash);
      surveyed.push({ document, text, symbols: symbols.filter((symbol) => !symbol.local) });
    }
    return suggestQuestions(snapshot.documents, surveyed);
  }

  /** Forgets the snapshot: settings or roots have changed. */
  reset(): void {
    this.#generation++;
    this.#index = null;
    this.#renewal = null;
  }

  /** Stops work in the background and frees the parsers. */
  async dispose(): Promise<void> {
    this.#life.abort();
    await this.symbols.dispose();
  }

  /** The names as they were at the last look, at once; a newer look goes on in the background. */
  #current({ signal }: Operation): Promise<Index> {
    const index = this.#index;
    if (index === null) return unlessAborted(this.#renew(), signal);
    if (performance.now() - this.#takenAt > FRESH_MS) {
      this.#renew().catch((error: unknown) => {
        this.#log.debug(`the names of the workspace were not renewed: ${String(error)}`);
      });
    }
    return Promise.resolve(index);
  }

  #renew(): Promise<Index> {
    if (this.#renewal !== null) return this.#renewal;
    const generation = this.#generation;
    const renewal = this.#take()
      .then((index) => {
        if (generation !== this.#generation) return index;
        this.#index = index;
        this.#takenAt = performance.now();
        return index;
      })
      .finally(() => {
        if (generation === this.#generation) this.#renewal = null;
      });
    this.#renewal = renewal;
    return renewal;
  }

  async #take(): Promise<Index> {
    const { snapshot, read } = await this.#workspace.take(this.#settings(), { signal: this.#life.signal });
    const before = this.#index;
    if (before !== null && sameContent(before.snapshot, snapshot)) return before;
    const mentions = new MentionIndex(snapshot.documents);
    const index: Index = { snapshot, read, mentions, filled: Promise.resolve() };
    index.filled = this.#fill(index);
    return index;
  }

  /** Adds the declarations of all files, recently edited ones first. */
  async #fill({ snapshot, read, mentions }: Index): Promise<void> {
    const { signal } = this.#life;
    const known = (document: Document): boolean => this.symbols.knows(document.languageId);
    let spent = 0;
    let sliceBegan = performance.now();
    for (const document of snapshot.documents.filter(known).toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
      const found = this.symbols.known(document.languageId, document.contentHash) ?? (await this.#find(document, read));
      if (!mentions.add(document, found)) return;
      const slice = performance.now() - sliceBegan;
      if (slice < SLICE_MS) continue;
      if ((spent += slice) > INDEX_MS) return;
      await setTimeout(REST_MS);
      if (signal.aborted) return;
      sliceBegan = performance.now();
    }
  }

  async #find(document: Document, read: ReadText): Promise<readonly Declaration[]> {
    const text = await read(document).catch(() => null); // Changed meanwhile: the next look has it.
    return text === null ? [] : this.symbols.symbolsOf(document.languageId, text, document.contentHash);
  }
}

function sameContent(a: Snapshot, b: Snapshot): boolean {
  return (
    a.documents.length === b.documents.length &&
    a.documents.every((document, index) => {
      const other = b.documents[index];
      return document.path === other?.path && document.contentHash === other.contentHash;
    })
  );
}
