import { h, setAttributes } from "./dom";

/** A button that opens a short list of choices: arrows move, Escape closes. */
export class Menu<T extends string> {
  readonly element: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly list: HTMLElement;
  private readonly items: readonly HTMLButtonElement[];

  constructor(
    label: string,
    text: string,
    choices: readonly (readonly [value: T, label: string])[],
    choose: (value: T) => void,
  ) {
    this.button = h(
      "button",
      { type: "button", class: "tool", "aria-haspopup": "menu", "aria-expanded": "false" },
      text,
    );
    setAttributes(this.button, { "aria-label": label, title: label });
    this.items = choices.map(([value, name]) => {
      const item = h("button", { type: "button", role: "menuitem", tabindex: -1 }, name);
      item.addEventListener("click", () => {
        this.close();
        choose(value);
      });
      return item;
    });
    this.list = h("div", { class: "menu", role: "menu", "aria-label": label, hidden: true }, ...this.items);
    this.element = h("div", { class: "menu-anchor" }, this.button, this.list);
    this.button.addEventListener("click", () => (this.list.hidden ? this.open() : this.close()));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node) || !this.element.contains(relatedTarget)) this.hide();
    });
  }

  private open(): void {
    this.list.hidden = false;
    setAttributes(this.button, { "aria-expanded": "true" });
    this.items[0]?.focus();
  }

  private close(): void {
    this.hide();
    this.button.focus();
  }

  private hide(): void {
    this.list.hidden = true;
    setAttributes(this.button, { "aria-expanded": "false" });
  }

  private key(event: KeyboardEvent): void {
    if (this.list.hidden) return;
    const at = this.items.findIndex((item) => item === document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    if (event.key === "Escape") this.close();
    else if (step !== 0) this.items[(at + step + this.items.length) % this.items.length]?.focus();
    else return;
    event.preventDefault();
  }
}
