/** How often files are imported by others. */
import { throwIfAborted } from "../progress";
import type { Document, ReadText } from "../workspace/types";
import { type Import, importsOf } from "./imports";
import { kindOf } from "./kinds";

/** Files and bytes whose imports are looked at; of larger workspaces the newest. */
const MAX_FILES = 8_000;
const MAX_BYTES = 48 * 2 ** 20;
/** An import that could mean more files than this says nothing. */
const MOST_MEANT = 2;
/** Texts whose imports are kept. */
const MAX_KEPT = 50_000;
/** Files that stand for their folder. */
const STANDS_FOR_FOLDER = /^(?:index|__init__|mod|package)$/;

/** Counts imports, and remembers those of texts that it has seen. */
export class Uses {
  readonly #kept = new Map<string, readonly Import[]>();

  /** Number of other files that import each document. @throws LongsightError LS-105, LS-900 */
  async count(
    documents: readonly Document[],
    read: ReadText,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<Document, number>> {
    const importable = new Importable(documents);
    const counts = new Map<Document, number>();
    let bytes = 0;
    const looked = documents.filter(isSource).toSorted((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? -1 : 1));
    for (const document of looked.slice(0, MAX_FILES)) {
      throwIfAborted(signal);
      if ((bytes += document.bytes) > MAX_BYTES) break;
      const used = new Set<Document>();
      for (const each of await this.#importsOf(document, read)) {
        for (const meant of importable.meant(each, document)) if (meant !== document) used.add(meant);
      }
      for (const other of used) counts.set(other, (counts.get(other) ?? 0) + 1);
    }
    return counts;
  }

  async #importsOf(document: Document, read: ReadText): Promise<readonly Import[]> {
    const known = this.#kept.get(document.contentHash);
    if (known !== undefined) return known;
    const found = importsOf(document.languageId, await read(document));
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(document.contentHash, found);
    return found;
  }
}

/** Finds the files that an import can mean. */
class Importable {
  /** By name without ending. */
  readonly #byStem = new Map<string, { readonly document: Document; readonly parts: readonly string[] }[]>();

  constructor(documents: readonly Document[]) {
    for (const document of documents.filter(isSource)) {
      const parts = document.path.replace(/(?:\.d)?\.\w+$/, "").split("/");
      this.#add(parts, document);
      if (STANDS_FOR_FOLDER.test(parts.at(-1) ?? "")) this.#add(parts.slice(0, -1), document);
    }
  }

  #add(parts: readonly string[], document: Document): void {
    const stem = parts.at(-1);
    if (stem === undefined) return;
    const entries = this.#byStem.get(stem) ?? [];
    entries.push({ document, parts });
    this.#byStem.set(stem, entries);
  }

  /** The last name may be that of something in the file. */
  meant({ parts, up }: Import, from: Document): readonly Document[] {
    const bare = parts.map((part, index) => (index === parts.length - 1 ? part.replace(/\.\w+$/, "") : part));
    if (up !== null) {
      const base = from.path.split("/").slice(0, -1 - up);
      return this.#exactly([...base, ...bare]) ?? this.#exactly([...base, ...bare.slice(0, -1)]) ?? [];
    }
    return this.#closest(bare) ?? (bare.length > 1 ? this.#closest(bare.slice(0, -1)) : null) ?? [];
  }

  #exactly(path: readonly string[]): readonly Document[] | null {
    const wanted = path.join("/");
    const found = (this.#byStem.get(path.at(-1) ?? "") ?? []).filter(({ parts }) => parts.join("/") === wanted);
    return found.length === 0 ? null : found.map(({ document }) => document);
  }

  /** Files that have most of the path's end; null when there are none or too many. */
  #closest(path: readonly string[]): readonly Document[] | null {
    let best = 0;
    let found: Document[] = [];
    for (const { document, parts } of this.#byStem.get(path.at(-1) ?? "") ?? []) {
      let same = 0;
      while (same < path.length && same < parts.length && path.at(-1 - same) === parts.at(-1 - same)) same++;
      if (same > best) [best, found] = [same, []];
      if (same === best) found.push(document);
    }
    // A single name of a package's path could be any file.
    const sure = best === path.length || best >= 2;
    return sure && found.length > 0 && found.length <= MOST_MEANT ? found : null;
  }
}

const isSource = (document: Document): boolean => ["source", "test"].includes(kindOf(document));
