/**
 * Where the lines of an earlier text stand in the current one: for each current line the index of the same line then,
 * or -1 for a line that is new or changed. Equal ends are matched first, then lines that occur once on both sides in
 * their longest common order, then the neighbours of matched lines. O(n log n).
 */
export function mapLines(earlier: readonly string[], current: readonly string[]): Int32Array {
  const map = new Int32Array(current.length).fill(-1);
  const shared = Math.min(earlier.length, current.length);
  let head = 0;
  while (head < shared && earlier[head] === current[head]) map[head] = head++;
  let tail = 0;
  while (tail < shared - head && earlier.at(-1 - tail) === current.at(-1 - tail)) {
    tail++;
    map[current.length - tail] = earlier.length - tail;
  }
  const pairs = commonOrder(uniquePairs(earlier, current, head, tail));
  for (const [before, now] of pairs) map[now] = before;
  growMatches(earlier, current, map, head, tail);
  return map;
}

type Pair = readonly [before: number, now: number];

/** Lines between the equal ends that occur exactly once there on both sides, in the order of the current text. */
function uniquePairs(earlier: readonly string[], current: readonly string[], head: number, tail: number): Pair[] {
  const places = new Map<string, { before: number; now: number }>();
  const many = -2;
  const note = (lines: readonly string[], side: "before" | "now"): void => {
    for (let line = head; line < lines.length - tail; line++) {
      const text = lines[line] ?? "";
      const place = places.get(text) ?? { before: -1, now: -1 };
      place[side] = place[side] === -1 ? line : many;
      places.set(text, place);
    }
  };
  note(earlier, "before");
  note(current, "now");
  return [...places.values()]
    .filter(({ before, now }) => before >= 0 && now >= 0)
    .map(({ before, now }): Pair => [before, now])
    .sort((a, b) => a[1] - b[1]);
}

/** The longest run of pairs that ascends on both sides (patience sorting). */
function commonOrder(pairs: readonly Pair[]): Pair[] {
  const piles: number[] = [];
  const previous = new Int32Array(pairs.length).fill(-1);
  pairs.forEach(([before], index) => {
    let low = 0;
    let high = piles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((pairs[piles[middle] ?? 0]?.[0] ?? 0) < before) low = middle + 1;
      else high = middle;
    }
    if (low > 0) previous[index] = piles[low - 1] ?? -1;
    piles[low] = index;
  });
  const run: Pair[] = [];
  for (let index = piles.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) {
    const pair = pairs[index];
    if (pair !== undefined) run.push(pair);
  }
  return run.reverse();
}

/** Matches equal lines next to matched ones, downwards and then upwards, without crossing other matches. */
function growMatches(
  earlier: readonly string[],
  current: readonly string[],
  map: Int32Array,
  head: number,
  tail: number,
): void {
  const free = new Set<number>();
  for (let line = head; line < earlier.length - tail; line++) free.add(line);
  for (const before of map) free.delete(before);
  const grow = (line: number, from: number, step: 1 | -1): void => {
    if (map[line] !== -1 || from < 0) return;
    const before = from + step;
    if (!free.has(before) || earlier[before] !== current[line]) return;
    map[line] = before;
    free.delete(before);
  };
  for (let line = Math.max(1, head); line < current.length - tail; line++) grow(line, map[line - 1] ?? -1, 1);
  for (let line = current.length - tail - 1; line >= head; line--) grow(line, map[line + 1] ?? -1, -1);
}
