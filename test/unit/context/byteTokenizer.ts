import type { Tokenizer } from "../../../src/engine/context/types";

/**
 * A small byte-level tokenizer in the manner of GPT-2's: words with a leading blank, runs of blanks, single punctuation,
 * and everything beyond ASCII in pieces of one or two bytes, so that characters fall apart into several tokens.
 */
export class ByteTokenizer implements Tokenizer {
  readonly id: string;
  calls = 0;
  readonly #ids = new Map<string, number>();
  readonly #bytes: Buffer[] = [];

  constructor(id = "bytes") {
    this.id = id;
  }

  tokenize(text: string): Int32Array {
    this.calls++;
    const tokens: number[] = [];
    for (const [part] of text.matchAll(/ ?[A-Za-z]+|\r\n|\n+| +|\t+|\p{ASCII}|\P{ASCII}+/gu)) {
      if (/^\p{ASCII}/u.test(part)) {
        tokens.push(this.#token(Buffer.from(part)));
        continue;
      }
      const bytes = Buffer.from(part, "utf8");
      for (let at = 0; at < bytes.length;) {
        // Two bytes when the first is even: some characters become one token, others straddle tokens.
        const size = (bytes[at] ?? 0) % 2 === 0 ? 2 : 1;
        tokens.push(this.#token(bytes.subarray(at, at + size)));
        at += size;
      }
    }
    return Int32Array.from(tokens);
  }

  piece(token: number): string | null {
    const text = this.#bytes[token]?.toString("utf8") ?? "";
    return text.includes("\uFFFD") ? null : text;
  }

  detokenize(tokens: Int32Array): string {
    return Buffer.concat(Array.from(tokens, (token) => this.#bytes[token] ?? Buffer.alloc(0))).toString("utf8");
  }

  #token(bytes: Buffer): number {
    const key = bytes.toString("latin1");
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#bytes.length;
      this.#ids.set(key, id);
      this.#bytes.push(Buffer.from(bytes));
    }
    return id;
  }
}
