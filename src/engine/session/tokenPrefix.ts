import { sha256 } from "../disk";

/** Number of tokens that two lists have in common at their start. */
export function commonPrefix(a: Int32Array, b: Int32Array): number {
  const limit = Math.min(a.length, b.length);
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}

/** Hex sha256 of a list of tokens. */
export function hashTokens(tokens: Int32Array): string {
  return sha256(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
}
