import type { Symbols } from "../symbols/symbols";
import type { Document } from "../workspace/types";
import { type Outline, outlineOf } from "./outline";

/** Makes the outlines of documents; the same text has the same outline. */
export class Outlines {
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** False for languages whose declarations are not known. */
  possible(document: Document): boolean {
    return this.#symbols.knows(document.languageId);
  }

  /** Undefined when there is no outline that is worth it. */
  async outline(document: Document, text: string): Promise<Outline | undefined> {
    const { languageId, contentHash } = document;
    return outlineOf(languageId, text, await this.#symbols.symbolsOf(languageId, text, contentHash)) ?? undefined;
  }
}
