/**
 * Marks the citations of an answer in its raw text, where their offsets are right. The marks are private-use
 * characters, which pass through the Markdown renderer as text and are then replaced by chips.
 */
import type { Citation } from "../../shared/protocol";

const open = "\uE000";
const close = "\uE001";
/** One mark; the group is the index of the citation. */
export const mark = /\uE000(\d+)\uE001/;

/**
 * The text with a mark at every mention. A mention that spells out the lines, or only the file, is replaced by its mark;
 * one that names a symbol keeps its words in front. Overlapping mentions: the first wins.
 */
export function markMentions(text: string, citations: readonly Citation[]): string {
  // The model may not forge marks.
  const plain = text.replace(/[\uE000\uE001]/g, "\uFFFD");
  const mentions = citations
    .map(({ mention, origin, path }, index) => ({ mention, origin, path, index }))
    .filter((item): item is typeof item & { mention: NonNullable<Citation["mention"]> } => item.mention !== null)
    .filter(({ mention: [from, to] }) => 0 <= from && from < to && to <= plain.length)
    .sort((a, b) => a.mention[0] - b.mention[0]);
  let marked = "";
  let done = 0;
  for (const { mention, origin, path, index } of mentions) {
    const [from, to] = mention;
    if (from < done) continue;
    const words = plain.slice(from, to);
    const keep = origin === "named" && !path.endsWith(words.replace(/`/g, ""));
    marked += `${plain.slice(done, from)}${keep ? words : ""}${open}${index}${close}`;
    done = to;
  }
  return marked + plain.slice(done);
}
