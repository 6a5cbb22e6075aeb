import type { Tokenizer } from "./types";

/** Most tokens that are joined to find a character: four bytes, each its own token, with room for odd vocabularies. */
const MAX_GROUP = 16;
const REPLACEMENT = "\uFFFD";

/**
 * Where each token of a text starts: count + 1 UTF-16 offsets, ascending, the last is the text's length. Tokens that are
 * only part of a character share its offset. A vocabulary that alters text (none of the supported ones does) gets evenly
 * spread offsets from the first place where pieces and text differ.
 */
export function tokenOffsets(text: string, tokens: Int32Array, tokenizer: Tokenizer): Int32Array {
  const offsets = new Int32Array(tokens.length + 1);
  let at = 0;
  for (let i = 0; i < tokens.length;) {
    const piece = tokenizer.piece(tokens[i] ?? 0);
    if (piece !== null && text.startsWith(piece, at)) {
      offsets[i++] = at;
      at += piece.length;
      continue;
    }
    const group = characterGroup(text, at, tokens, i, tokenizer);
    if (group === null) {
      spread(offsets, i, at, text.length);
      return offsets;
    }
    offsets.fill(at, i, i + group.tokens);
    at += group.length;
    i += group.tokens;
  }
  offsets[tokens.length] = text.length;
  return offsets;
}

/** The fewest tokens from `first` on that together are text that stands at `at`. */
function characterGroup(
  text: string,
  at: number,
  tokens: Int32Array,
  first: number,
  tokenizer: Tokenizer,
): { tokens: number; length: number } | null {
  const end = Math.min(tokens.length, first + MAX_GROUP);
  for (let last = first + 1; last <= end; last++) {
    const joined = tokenizer.detokenize(tokens.subarray(first, last));
    if (joined === "" || !text.startsWith(joined, at)) continue;
    // Half a character decodes to U+FFFD, and the text may hold that character: then all its bytes belong together.
    if (joined.includes(REPLACEMENT) && last < tokens.length && tokenizer.piece(tokens[last] ?? 0) === null) continue;
    return { tokens: last - first, length: joined.length };
  }
  return null;
}

function spread(offsets: Int32Array, first: number, at: number, end: number): void {
  const count = offsets.length - 1 - first;
  for (let i = 0; i <= count; i++) offsets[first + i] = at + Math.floor((i * (end - at)) / count);
}
