import { h, place } from "./dom";

/** One line of a tooltip. */
export interface TipLine {
  readonly text: string;
  readonly style?: "title" | "hint";
}

const distance = 6;

/** The one tooltip of the panel; it never takes the pointer or the focus. */
export class Tip {
  readonly element = h("div", { class: "tip", role: "tooltip", id: "tip", hidden: true });

  /** Shows lines below `anchor`, or above it where there is no room. */
  show(anchor: DOMRect, lines: readonly TipLine[]): void {
    this.element.replaceChildren(...lines.map(({ text, style }) => h("div", { class: style }, text)));
    this.element.hidden = false;
    const { width, height } = this.element.getBoundingClientRect();
    const below = anchor.bottom + distance;
    const top = below + height <= innerHeight ? below : anchor.top - distance - height;
    place(this.element, Math.max(2, Math.min(anchor.left, innerWidth - width - 4)), Math.max(2, top));
  }

  hide(): void {
    this.element.hidden = true;
  }
}
