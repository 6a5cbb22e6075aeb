import type { Tokenizer } from "./types";

/** Counts and keeps the tokens of texts, by content: on disk by (tokenizer id, hash), so that an edit costs one file. */
export class TokenCache {
  readonly tokenizer: Tokenizer;

  /**
   * @param dir folder of the cache, made when missing; null keeps nothing on disk
   * @param maxBytes bound of the folder; the oldest entries go first
   */
  constructor(tokenizer: Tokenizer, _dir: string | null, _maxBytes = 256 * 2 ** 20) {
    this.tokenizer = tokenizer;
  }

  /** Tokens of a text; `contentHash` is its sha256, `text` is called only on a miss. */
  tokensOf(_contentHash: string, _text: () => Promise<string>): Promise<Int32Array> {
    return Promise.reject(new Error("not built yet"));
  }
}
