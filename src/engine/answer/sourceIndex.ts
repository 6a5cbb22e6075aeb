import { type Definition, findDefinitions } from "./definitions";

/** A file that an answer may cite: it is in the context. */
export interface CitableFile {
  readonly path: string;
  readonly uri: string;
  readonly text: string;
}

/** Finds the files of the context by what an answer calls them, and the symbols they define. Built once per context. */
export class SourceIndex {
  readonly files: readonly CitableFile[];
  readonly #byPath = new Map<string, CitableFile>();
  readonly #byBaseName = new Map<string, CitableFile[]>();
  readonly #lineCounts = new Map<CitableFile, number>();
  #definitions: Map<string, { file: CitableFile; definition: Definition }[]> | null = null;

  constructor(files: readonly CitableFile[]) {
    this.files = files;
    for (const file of files) {
      this.#byPath.set(file.path, file);
      const name = baseName(file.path);
      this.#byBaseName.set(name, [...(this.#byBaseName.get(name) ?? []), file]);
    }
  }

  baseNames(): Iterable<string> {
    return this.#byBaseName.keys();
  }

  file(path: string): CitableFile | undefined {
    return this.#byPath.get(path);
  }

  withBaseName(name: string): readonly CitableFile[] {
    return this.#byBaseName.get(name) ?? [];
  }

  lineCount(file: CitableFile): number {
    let count = this.#lineCounts.get(file);
    if (count === undefined) {
      count = file.text.split("\n").length - (file.text.endsWith("\n") ? 1 : 0);
      this.#lineCounts.set(file, count);
    }
    return count;
  }

  /** Every place that defines a symbol. */
  definitionsOf(name: string): readonly { readonly file: CitableFile; readonly definition: Definition }[] {
    this.#definitions ??= this.#collect();
    return this.#definitions.get(name) ?? [];
  }

  /** Where a symbol stands in one file: its first definition, else the only line that has the word. */
  symbolIn(file: CitableFile, name: string): { startLine: number; endLine: number } | null {
    const own = this.definitionsOf(name).find((entry) => entry.file === file);
    if (own !== undefined) return own.definition;
    const word = new RegExp(`(?<![\\w$])${name.replace(/\$/g, "\\$&")}(?![\\w$])`);
    const lines = file.text.split("\n").flatMap((line, index) => (word.test(line) ? [index + 1] : []));
    const [only] = lines;
    return only !== undefined && lines.length === 1 ? { startLine: only, endLine: only } : null;
  }

  #collect(): Map<string, { file: CitableFile; definition: Definition }[]> {
    const all = new Map<string, { file: CitableFile; definition: Definition }[]>();
    for (const file of this.files) {
      for (const definition of findDefinitions(file.text)) {
        const places = all.get(definition.name);
        if (places === undefined) all.set(definition.name, [{ file, definition }]);
        else places.push({ file, definition });
      }
    }
    return all;
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
