import type { Interval } from "../../shared/trace";

/** How a cache becomes the beginning of the wanted tokens: by leaving tokens out, never by moving them. */
export interface Edit {
  /** Tokens of the cache to remove: ascending, disjoint, in the cache's own indices. */
  readonly removals: readonly Interval[];
  /** Tokens at the start of the wanted ones that the cache then holds. */
  readonly kept: number;
}

/**
 * The edit that keeps most. A unit (frame, map, a file with its heading) is kept when it stands in the cache after the
 * unit before it; what lies between them is removed. Keys are cached without their rotation, so what follows a removed
 * token moves down unharmed; it still knows what it had read of that token. Beginning with the first unit that is not
 * in the cache, everything has to be read.
 * @param units first token of each unit of the wanted tokens, ascending, the first 0
 */
export function planEdit(cached: Int32Array, wanted: Int32Array, units: readonly number[] = [0]): Edit {
  const removals: Interval[] = [];
  let at = 0;
  let kept = 0;
  for (const [index, start] of units.entries()) {
    const unit = wanted.subarray(start, units[index + 1] ?? wanted.length);
    const found = indexOf(cached, unit, at);
    if (found === -1) break;
    if (found > at) removals.push([at, found]);
    at = found + unit.length;
    kept = start + unit.length;
  }
  while (kept < wanted.length && at < cached.length && cached[at] === wanted[kept]) {
    at++;
    kept++;
  }
  if (at < cached.length) removals.push([at, cached.length]);
  return { removals, kept };
}

/** Index of the first place at or after `from` where `tokens` stand in `all`, or -1. */
function indexOf(all: Int32Array, tokens: Int32Array, from: number): number {
  const [first] = tokens;
  if (first === undefined) return from;
  for (let at = all.indexOf(first, from); at !== -1; at = all.indexOf(first, at + 1)) {
    if (at + tokens.length > all.length) return -1;
    let length = 1;
    while (length < tokens.length && all[at + length] === tokens[length]) length++;
    if (length === tokens.length) return at;
  }
  return -1;
}

/** The tokens that are left when the removals are done. */
export function applyRemovals(cached: Int32Array, removals: readonly Interval[]): Int32Array {
  const left = new Int32Array(cached.length - removals.reduce((sum, [from, to]) => sum + to - from, 0));
  let read = 0;
  let written = 0;
  for (const [from, to] of [...removals, [cached.length, cached.length] as const]) {
    left.set(cached.subarray(read, from), written);
    written += from - read;
    read = to;
  }
  return left;
}
