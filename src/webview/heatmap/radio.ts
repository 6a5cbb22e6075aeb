import { h, setAttributes } from "./dom";

/** A radio group of short buttons: one tab stop, arrows choose. */
export class RadioGroup<T extends string> {
  readonly element: HTMLElement;
  private readonly buttons: readonly (readonly [value: T, button: HTMLButtonElement])[];

  constructor(
    label: string,
    choices: readonly (readonly [value: T, label: string])[],
    private readonly choose: (value: T) => void,
  ) {
    this.buttons = choices.map(
      ([value, text]) => [value, h("button", { type: "button", role: "radio" }, text)] as const,
    );
    this.element = h(
      "div",
      { class: "segments", role: "radiogroup", "aria-label": label },
      ...this.buttons.map(([, button]) => button),
    );
    for (const [value, button] of this.buttons) button.addEventListener("click", () => choose(value));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  update(value: T): void {
    for (const [candidate, button] of this.buttons) {
      const checked = candidate === value;
      setAttributes(button, { "aria-checked": checked ? "true" : "false", tabindex: checked ? 0 : -1 });
    }
  }

  private key(event: KeyboardEvent): void {
    const step = ["ArrowRight", "ArrowDown"].includes(event.key)
      ? 1
      : ["ArrowLeft", "ArrowUp"].includes(event.key)
        ? -1
        : 0;
    const at = this.buttons.findIndex(([, button]) => button === document.activeElement);
    const next = this.buttons[(at + step + this.buttons.length) % this.buttons.length];
    if (step === 0 || at < 0 || next === undefined) return;
    event.preventDefault();
    this.choose(next[0]);
    next[1].focus();
  }
}
