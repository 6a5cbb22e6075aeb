/** Longest cycle that is looked for, in tokens. */
const MAX_PERIOD = 96;
/** A cycle counts when it fills this many tokens, and comes at least `MIN_ROUNDS` times. */
const MIN_LENGTH = 64;
const MIN_ROUNDS = 4;
/** Window and n-gram length for loops that are not exact, and the share of distinct n-grams that is too low. */
const WINDOW = 256;
const GRAM = 6;
const MIN_DISTINCT = 0.4;

/**
 * True when the end of the tokens runs in circles: an exact cycle, or a window in which nearly every run of tokens has
 * been there before. Small models fall into this, and never come out.
 */
export function isLooping(tokens: readonly number[]): boolean {
  return hasCycle(tokens) || hasFewDistinctRuns(tokens);
}

function hasCycle(tokens: readonly number[]): boolean {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    const length = Math.max(MIN_LENGTH, period * MIN_ROUNDS);
    if (length + period > tokens.length) return false;
    if (repeats(tokens, period, length)) return true;
  }
  return false;
}

/** True when the last `length` tokens equal those `period` before them. */
function repeats(tokens: readonly number[], period: number, length: number): boolean {
  for (let i = tokens.length - length; i < tokens.length; i++) {
    if (tokens[i] !== tokens[i - period]) return false;
  }
  return true;
}

function hasFewDistinctRuns(tokens: readonly number[]): boolean {
  if (tokens.length < WINDOW) return false;
  const runs = new Set<string>();
  for (let i = tokens.length - WINDOW; i + GRAM <= tokens.length; i++) runs.add(tokens.slice(i, i + GRAM).join(" "));
  return runs.size < MIN_DISTINCT * (WINDOW - GRAM + 1);
}
