/** The lines of a citation in a hover, for pointer and keyboard. */
import type { Citation } from "../../shared/protocol";
import type { LinesPreview } from "../../shared/views";
import { printable } from "../common/format";
import { t } from "../common/l10n";
import { highlight, languageOf } from "./highlight";

/** Time on a chip before the lines are fetched, and away from chip and hover before it closes, in ms. */
const openAfter = 250;
const closeAfter = 200;
const gap = 6;

/** The citation of a chip. */
type Lookup = (chip: HTMLElement) => Citation | null;

/** Shows previews of all citation chips below `root`. */
export class CitationPreview {
  private readonly box = document.createElement("div");
  private chip: HTMLElement | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    root: HTMLElement,
    private readonly lookup: Lookup,
    private readonly fetch: (citation: Citation) => Promise<LinesPreview | null>,
  ) {
    this.box.id = "citation-preview";
    this.box.className = "preview";
    this.box.setAttribute("role", "tooltip");
    this.box.hidden = true;
    document.body.append(this.box);
    const chipOf = (event: Event): HTMLElement | null =>
      event.target instanceof Element ? event.target.closest<HTMLElement>(".citation") : null;
    root.addEventListener("mouseover", (event) => this.want(chipOf(event)));
    root.addEventListener("focusin", (event) => this.want(chipOf(event)));
    root.addEventListener("focusout", () => this.want(null));
    root.addEventListener("scroll", () => this.close(), { capture: true, passive: true });
    root.addEventListener("mouseleave", () => this.want(null));
    this.box.addEventListener("mouseenter", () => clearTimeout(this.timer));
    this.box.addEventListener("mouseleave", () => this.want(null));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
  }

  /** Closes the hover at once. */
  close(): void {
    clearTimeout(this.timer);
    this.chip?.removeAttribute("aria-describedby");
    this.chip = null;
    this.box.hidden = true;
  }

  private want(chip: HTMLElement | null): void {
    if (chip === this.chip && chip !== null) {
      if (!this.box.hidden) clearTimeout(this.timer);
      return;
    }
    clearTimeout(this.timer);
    if (chip === null) this.timer = setTimeout(() => this.close(), closeAfter);
    else this.timer = setTimeout(() => void this.open(chip), openAfter);
  }

  private async open(chip: HTMLElement): Promise<void> {
    this.close();
    const citation = this.lookup(chip);
    if (citation === null) return;
    this.chip = chip;
    // The host has logged why there are no lines; the chip still opens the file.
    const preview = await this.fetch(citation).catch(() => null);
    if (this.chip !== chip || preview === null || !chip.isConnected) return;
    this.box.replaceChildren(...content(preview, citation));
    this.box.hidden = false;
    chip.setAttribute("aria-describedby", this.box.id);
    this.place(chip.getBoundingClientRect());
  }

  /** Below the chip when there is room, else above; never outside the page. */
  private place(chip: DOMRect): void {
    const { style } = this.box;
    const { width, height } = this.box.getBoundingClientRect();
    const page = document.documentElement;
    const left = Math.max(gap, Math.min(chip.left, page.clientWidth - width - gap));
    const below = chip.bottom + gap;
    const top = below + height <= page.clientHeight ? below : Math.max(gap, chip.top - gap - height);
    style.left = `${left}px`;
    style.top = `${top}px`;
  }
}

function content({ path, startLine, lines, more }: LinesPreview, citation: Citation): HTMLElement[] {
  const head = document.createElement("p");
  head.className = "preview-path small";
  const name = document.createElement("bdi");
  name.textContent = printable(path);
  head.append(name);
  const code = document.createElement("pre");
  const rows = splitLines(highlight(lines.join("\n"), languageOf(path)));
  rows.forEach((row, index) => {
    const number = startLine + index;
    const line = document.createElement("span");
    line.className = number >= citation.startLine && number <= citation.endLine ? "line cited" : "line";
    const gutter = document.createElement("span");
    gutter.className = "gutter";
    gutter.setAttribute("aria-hidden", "true");
    gutter.textContent = String(number);
    const text = document.createElement("code");
    text.append(row);
    line.append(gutter, text);
    code.append(line);
  });
  if (more <= 0) return [head, code];
  const rest = document.createElement("p");
  rest.className = "small dim";
  rest.textContent = t("{0} more lines", more);
  return [head, code, rest];
}

/** The nodes of highlighted code, cut at line ends; an element that spans lines is repeated on each. */
export function splitLines(code: DocumentFragment): DocumentFragment[] {
  const lines = [document.createDocumentFragment()];
  const walk = (node: Node, around: readonly Element[]): void => {
    if (!(node instanceof Text)) {
      const inside = node instanceof Element ? [...around, node] : around;
      for (const child of node.childNodes) walk(child, inside);
      return;
    }
    node.data.split("\n").forEach((text, index) => {
      if (index > 0) lines.push(document.createDocumentFragment());
      if (text === "") return;
      const wrapped = around.reduceRight<Node>((content, element) => {
        const copy = element.cloneNode(false);
        copy.appendChild(content);
        return copy;
      }, document.createTextNode(text));
      lines.at(-1)?.append(wrapped);
    });
  };
  walk(code, []);
  return lines;
}
