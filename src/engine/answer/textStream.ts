/** The replacement character: a decoder puts it where bytes do not form a character (yet). */
const INCOMPLETE = "\uFFFD";
/** Tokens that may at most be needed for one character; a longer run of replacement characters is real. */
const MAX_TOKENS_PER_CHARACTER = 6;

/** What turns tokens into text; a Tokenizer will do. */
export interface Detokenizer {
  detokenize(tokens: Int32Array): string;
}

/**
 * Text of a growing list of tokens, in pieces that never split a character. Each token is decoded together with those
 * before it, since some vocabularies drop the space of the first token of a text.
 */
export class TextStream {
  readonly #detokenizer: Detokenizer;
  readonly #tokens: number[] = [];
  /** Tokens [anchor, read) have been given out, and are decoded again as the left context of what follows. */
  #anchor = 0;
  #read = 0;

  constructor(detokenizer: Detokenizer) {
    this.#detokenizer = detokenizer;
  }

  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Adds a token. @returns the text that is complete now, often of this token, or "" */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.#pending();
    const waiting = this.#tokens.length - this.#read;
    if (text.endsWith(INCOMPLETE) && waiting < MAX_TOKENS_PER_CHARACTER) return "";
    this.#advance();
    return text;
  }

  /** The rest, complete or not. */
  end(): string {
    if (this.#read === this.#tokens.length) return "";
    const text = this.#pending();
    this.#advance();
    return text;
  }

  #pending(): string {
    const given = this.#decode(this.#anchor, this.#read);
    return this.#decode(this.#anchor, this.#tokens.length).slice(given.length);
  }

  #advance(): void {
    this.#anchor = this.#read;
    this.#read = this.#tokens.length;
  }

  #decode(from: number, to: number): string {
    return from === to ? "" : this.#detokenizer.detokenize(Int32Array.from(this.#tokens.slice(from, to)));
  }
}
