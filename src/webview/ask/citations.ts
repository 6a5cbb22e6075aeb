/**
 * Citation chips inside rendered Markdown. Mentions are offsets into the raw text, so they are marked there with
 * private-use characters, which pass through the renderer as text and are then replaced by chips.
 */
import type { Citation } from "../../shared/protocol";
import { t } from "../common/l10n";
import { splitPath } from "../common/format";

const open = "\uE000";
const close = "\uE001";
const mark = /\uE000(\d+)\uE001/;

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

/** `hold.go:110-111` */
export function citationLabel({ path, startLine, endLine }: Citation): string {
  return `${splitPath(path).name}:${startLine === endLine ? startLine : `${startLine}-${endLine}`}`;
}

/** The button of one citation; `index` is its place among the turn's citations. */
export function citationChip(citation: Citation, index: number, changed: boolean): HTMLButtonElement {
  const chip = document.createElement("button");
  const lines = citation.startLine === citation.endLine ? `${citation.startLine}` : `${citation.startLine}-${citation.endLine}`;
  chip.type = "button";
  chip.className = changed ? "citation changed" : "citation";
  chip.dataset["citation"] = String(index);
  chip.textContent = citationLabel(citation);
  chip.title = changed
    ? t("Open {0}:{1}; the file has changed since", citation.path, lines)
    : t("Open {0}:{1}", citation.path, lines);
  return chip;
}

/**
 * Replaces the marks below `root` by chips.
 * @returns indexes of the citations that were placed
 */
export function placeChips(root: ParentNode & Node, citations: readonly Citation[], changed: readonly string[]): Set<number> {
  const placed = new Set<number>();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    for (let rest: Text = text, match = mark.exec(rest.data); match !== null; match = mark.exec(rest.data)) {
      const index = Number(match[1]);
      const citation = citations[index];
      const marked = rest.splitText(match.index);
      rest = marked.splitText(match[0].length);
      if (citation === undefined) {
        marked.remove();
        continue;
      }
      placed.add(index);
      marked.replaceWith(citationChip(citation, index, changed.includes(citation.path)));
    }
  }
  for (const code of root.querySelectorAll(":not(pre) > code:has(> .citation)")) {
    // A chip has a frame of its own: it stands behind the code, which goes when the chip was all it held.
    code.after(...code.querySelectorAll(".citation"));
    if (code.textContent === "") code.remove();
  }
  return placed;
}
