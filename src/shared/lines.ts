/** Lines of a text as editors count them: `\n`, `\r\n` and a lone `\r` end a line. */

/** UTF-16 offset of the start of each line, ascending; the first is 0. A final line break starts a last, empty line. */
export function lineStarts(text: string): Int32Array {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return Int32Array.from(starts);
}

/** Number of lines that hold text: a final line break starts no new one; an empty text has none. */
export function countLines(text: string): number {
  if (text === "") return 0;
  const starts = lineStarts(text);
  return starts.at(-1) === text.length ? starts.length - 1 : starts.length;
}

/** Index of the last value that is at most `limit`, in ascending values; -1 when all are larger. O(log n). */
export function lastAtMost(values: Int32Array, limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
