/** How well a name matches what was typed: by its beginning, its words, or its letters in order. */

/** A name as it is matched; made once, compared often. */
export interface Name {
  readonly text: string;
  readonly lower: string;
  /** A bit for each letter and digit that it holds: most names are ruled out by it. */
  readonly letters: number;
}

export function toName(text: string): Name {
  const lower = text.toLowerCase();
  return { text, lower, letters: lettersOf(lower) };
}

const EXACT = 1000;
const BEGINS = 800;
const WORD_BEGINS = 700;
const WORD_BEGINNINGS = 600;
const CONTAINS = 400;
const IN_ORDER = 200;
/** The same case as typed counts more than another. */
const SAME_CASE = 20;
/** Letters of a long name are found in order by chance. */
const MAX_GAPS = 3;

/** 0 when it does not match; more is better. Of equal matches the shorter name is better. */
export function score(query: Name, name: Name): number {
  if ((query.letters & ~name.letters) !== 0 || query.lower.length > name.lower.length) return 0;
  const base = baseScore(query, name);
  return base === 0 ? 0 : base - Math.min(99, name.text.length - query.text.length);
}

function baseScore(query: Name, name: Name): number {
  const at = name.lower.indexOf(query.lower);
  const sameCase = at >= 0 && name.text.includes(query.text) ? SAME_CASE : 0;
  if (at === 0) return (query.lower.length === name.lower.length ? EXACT : BEGINS) + sameCase;
  for (let from = at; from > 0; from = name.lower.indexOf(query.lower, from + 1)) {
    if (beginsWord(name.text, from)) return WORD_BEGINS + sameCase;
  }
  if (matchesWordBeginnings(query.lower, name)) return WORD_BEGINNINGS;
  if (at > 0) return CONTAINS + sameCase;
  const gaps = gapsInOrder(query.lower, name.lower);
  return gaps <= MAX_GAPS ? IN_ORDER - 10 * gaps : 0;
}

/** `bore` matches `BookingRepository`: each letter goes on with a word, or begins a later one. */
function matchesWordBeginnings(query: string, name: Name): boolean {
  if (query.length < 2) return false;
  // Where the name can stand after each typed letter.
  let reached: ReadonlySet<number> = new Set([0]);
  for (let typed = 0; typed < query.length; typed++) {
    const first = Math.min(...reached);
    const next = new Set<number>();
    for (let at = first; at < name.lower.length; at++) {
      if (name.lower[at] !== query[typed]) continue;
      if (beginsWord(name.text, at) || (typed > 0 && reached.has(at))) next.add(at + 1);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return true;
}

/** Places where the letters stop to stand side by side; Infinity when they are not all there in order. */
function gapsInOrder(query: string, name: string): number {
  let gaps = 0;
  let at = -1;
  for (const letter of query) {
    const found = name.indexOf(letter, at + 1);
    if (found < 0) return Infinity;
    if (found !== at + 1) gaps++;
    at = found;
  }
  return gaps;
}

/** At the start, after a separator, at a capital after a small letter. */
function beginsWord(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text[at - 1] ?? "";
  const letter = text[at] ?? "";
  return !/[\p{L}\p{N}]/u.test(before) || (/\p{Lu}/u.test(letter) && !/\p{Lu}/u.test(before));
}

function lettersOf(lower: string): number {
  let letters = 0;
  for (let at = 0; at < lower.length; at++) {
    const code = lower.charCodeAt(at);
    // Letters have a bit each; digits share one, and so do all others.
    if (code >= 97 && code <= 122) letters |= 1 << (code - 97);
    else letters |= code >= 48 && code <= 57 ? 1 << 26 : 1 << 27;
  }
  return letters;
}
