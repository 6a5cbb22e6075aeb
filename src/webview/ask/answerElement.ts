import type { Citation } from "../../shared/protocol";
import { placeChips } from "./citations";
import { renderMarkdown } from "./markdown";
import { markMentions } from "./mentions";

/** What an answer element shows. */
export interface AnswerContent {
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly changed: readonly string[];
}

/** Raised when a citation chip is clicked. */
export class CitationEvent extends Event {
  constructor(
    readonly index: number,
    readonly toSide: boolean,
  ) {
    super("longsight-citation", { bubbles: true });
  }
}

/** Raised when the copy button of a code block is clicked. */
export class CopyEvent extends Event {
  constructor(readonly text: string) {
    super("longsight-copy", { bubbles: true });
  }
}

/** Raised when it is known which citations have a chip in the text. */
export class PlacedEvent extends Event {
  constructor(readonly placed: ReadonlySet<number>) {
    super("longsight-placed");
  }
}

/**
 * The text of an answer. While it streams it is rendered at most once per animation frame, and only from the first
 * block that differs, so that what the reader has selected stays selected.
 */
export class AnswerElement extends HTMLElement {
  private shown: AnswerContent | null = null;
  private wanted: AnswerContent | null = null;
  private frame = 0;

  set content(content: AnswerContent) {
    if (
      content.text === this.wanted?.text &&
      content.citations === this.wanted.citations &&
      content.changed === this.wanted.changed
    )
      return;
    this.wanted = content;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  connectedCallback(): void {
    this.addEventListener("click", this);
  }

  disconnectedCallback(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.removeEventListener("click", this);
  }

  handleEvent(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const chip = target?.closest<HTMLElement>("[data-citation]");
    if (chip) this.dispatchEvent(new CitationEvent(Number(chip.dataset["citation"]), event.ctrlKey || event.metaKey));
    const copy = target?.closest("[data-copy-code]");
    if (copy) this.dispatchEvent(new CopyEvent(copy.closest("figure")?.querySelector("pre")?.textContent ?? ""));
  }

  private draw(): void {
    this.frame = 0;
    const content = this.wanted;
    if (content === null || content === this.shown) return;
    this.shown = content;
    const fragment = renderMarkdown(markMentions(content.text, content.citations));
    const placed = placeChips(fragment, content.citations, content.changed);
    const next = [...fragment.children];
    const same = next.findIndex((block, index) => !block.isEqualNode(this.children[index] ?? null));
    const from = same < 0 ? next.length : same;
    while (this.children.length > from) this.lastElementChild?.remove();
    this.append(...next.slice(from));
    this.dispatchEvent(new PlacedEvent(placed));
  }
}

customElements.define("longsight-answer", AnswerElement);
