/** Citation chips in rendered Markdown: they take the places that mentions.ts marked in the text. */
import type { Citation } from "../../shared/protocol";
import { printable, splitPath } from "../common/format";
import { t } from "../common/l10n";
import { mark } from "./mentions";

/** `hold.go:110-111` */
export function citationLabel({ path, startLine, endLine }: Citation): string {
  return `${printable(splitPath(path).name)}:${startLine === endLine ? startLine : `${startLine}-${endLine}`}`;
}

/** What a click on the citation does, with its whole path. */
export function citationTitle({ path, startLine, endLine }: Citation, changed: boolean): string {
  const lines = startLine === endLine ? `${startLine}` : `${startLine}-${endLine}`;
  return changed
    ? t("Open {0}:{1}; the file has changed since", printable(path), lines)
    : t("Open {0}:{1}", printable(path), lines);
}

/** The button of one citation; `index` is its place among the turn's citations. */
export function citationChip(citation: Citation, index: number, changed: boolean): HTMLButtonElement {
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = changed ? "citation changed" : "citation";
  chip.dataset["citation"] = String(index);
  const label = document.createElement("bdi");
  label.textContent = citationLabel(citation);
  chip.append(label);
  // The lines themselves are shown on hover, so there is no title.
  chip.setAttribute("aria-label", citationTitle(citation, changed));
  return chip;
}

/**
 * Replaces the marks below `root` by chips.
 * @returns indexes of the citations that were placed
 */
export function placeChips(
  root: ParentNode & Node,
  citations: readonly Citation[],
  changed: readonly string[],
): Set<number> {
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
