import { lastAtMost } from "../../shared/lines";
import type { TokenSelection } from "../../shared/trace";
import type { LineTable } from "./lineTable";
import type { TracedFile } from "./types";

/**
 * The tokens that a line shows, with their counts. A token that goes on past the line's end is cut there and shown again on
 * the next line; tokens that share a character are one, with the count of the most selected.
 * @param line 0-based
 */
export function lineTokens(table: LineTable, line: number, counts: Uint32Array): TokenSelection[] {
  const { file } = table;
  const lineStart = table.starts[line] ?? 0;
  const lineEnd = lineStart + table.text(line).length;
  const tokens: TokenSelection[] = [];
  let index = Math.max(0, lastAtMost(file.offsets, lineStart));
  // The first of the tokens that share the offset.
  while (index > 0 && file.offsets[index - 1] === file.offsets[index]) index--;
  while (index < file.count && (file.offsets[index] ?? 0) < lineEnd) {
    const offset = file.offsets[index] ?? 0;
    let count = 0;
    for (; index < file.count && file.offsets[index] === offset; index++) {
      count = Math.max(count, counts[file.start + index] ?? 0);
    }
    const from = Math.max(offset, lineStart);
    const to = Math.min(file.offsets[index] ?? lineEnd, lineEnd, partEnd(file, offset));
    if (to > from) tokens.push({ column: from - lineStart, length: to - from, count });
  }
  return tokens;
}

/** Where the part of the text ends that a token starts in: nothing behind it was in the context. */
function partEnd({ parts, text }: TracedFile, offset: number): number {
  return parts?.find(([from, to]) => from <= offset && offset < to)?.[1] ?? text.length;
}
