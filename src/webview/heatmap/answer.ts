import type { Interval, TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { answerUnits, sentenceLimit, sentenceStart, type AnswerUnit } from "./answerUnits";
import { h, setAttributes, setText } from "./dom";
import { icon } from "./icons";
import { sameInterval, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";

/** Milliseconds that the pointer rests on a token before the map follows. */
const previewDelay = 80;

/** Which of the two answers a view shows. */
export type AnswerName = "A" | "B";

/** The question and the answer, whose tokens are hovered, pinned, and walked with the keyboard. B shows no previews. */
export class AnswerView implements View {
  readonly element = h("section", { class: "answer", "aria-label": t("Answer") });
  private readonly question = h("p", { class: "question" });
  private readonly list = h("div", {
    class: "answer-text",
    role: "listbox",
    tabindex: 0,
    "aria-label": t("Words of the answer"),
    "aria-multiselectable": true,
  });
  private readonly toggle = h("button", { class: "link small", type: "button" });
  private readonly changes = new Changes();
  private readonly titleChanges = new Changes();
  private units: readonly AnswerUnit[] = [];
  private options: HTMLElement[] = [];
  private readonly unfolded = new Set<number>();
  private trace: TraceSummary | null = null;
  private bySentence = false;
  private focused = 0;
  private anchor: number | null = null;
  private dragging = false;
  private timer = 0;

  constructor(
    private readonly store: Store,
    private readonly name: AnswerName,
  ) {
    this.element.append(this.question, this.list, this.toggle);
    this.toggle.addEventListener("click", () => {
      this.bySentence = !this.bySentence;
      this.rebuild();
    });
    this.list.addEventListener("pointerover", (event) => this.point(event));
    this.list.addEventListener("pointerleave", () => this.hover(null));
    this.list.addEventListener("pointerdown", (event) => this.press(event));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focus", () => this.focusOn(this.focused));
    this.list.addEventListener("blur", () => this.hover(null));
    window.addEventListener("pointerup", () => this.release());
  }

  update(state: HeatmapState): void {
    const trace = this.name === "A" ? state.trace : state.other;
    this.element.hidden = trace === null;
    const isTitled = this.titleChanges.since(trace, state.comparing || state.other !== null);
    if (isTitled) this.writeQuestion(trace, state.comparing || state.other !== null);
    if (trace !== this.trace) {
      this.trace = trace;
      this.unfolded.clear();
      this.bySentence = (trace?.answer.length ?? 0) > sentenceLimit;
      this.focused = 0;
      this.rebuild();
    } else if (this.changes.since(this.pinned(state), state.hovered, state.phase)) this.mark(state);
  }

  private writeQuestion(trace: TraceSummary | null, named: boolean): void {
    const label = named
      ? h("span", { class: `badge badge-${this.name.toLowerCase()}` }, this.name)
      : h("span", { class: "dim" }, t("Question"));
    this.question.replaceChildren(label, " ", trace?.question ?? "");
    setAttributes(this.list, { "aria-label": named ? t("Words of answer {0}", this.name) : t("Words of the answer") });
  }

  private pinned({ pinned, otherPinned }: HeatmapState): Interval | null {
    return this.name === "A" ? pinned : otherPinned;
  }

  private rebuild(): void {
    const tokens = this.trace?.answer ?? [];
    this.units = answerUnits(tokens, this.bySentence, this.unfolded);
    this.options = this.units.map((unit, index) => this.option(unit, index));
    this.list.replaceChildren(...this.options);
    this.focused = Math.min(this.focused, Math.max(0, this.units.length - 1));
    this.toggle.hidden = tokens.length <= sentenceLimit;
    setText(this.toggle, this.bySentence ? t("Show single words") : t("Show sentences"));
    this.mark(this.store.state);
  }

  private option({ kind, text }: AnswerUnit, index: number): HTMLElement {
    const option = h("span", {
      class: kind === "code" ? "token folded" : "token",
      role: "option",
      id: `${this.name === "A" ? "answer" : "other"}-${index}`,
      "data-index": index,
    });
    if (kind === "code") option.append(icon("chevron"), t("code, {0} tokens", this.length(index)));
    else
      option.append(
        h("span", { class: "lead" }, /^\s*/.exec(text)?.[0] ?? ""),
        h("span", { class: "word" }, text.trimStart()),
      );
    return option;
  }

  private length(index: number): number {
    const [from, to] = this.units[index]?.steps ?? [0, 0];
    return to - from;
  }

  /** Follows pins and hovering without touching the text. */
  private mark(state: HeatmapState): void {
    const { phase } = state;
    const pinned = this.pinned(state);
    const hovered = this.name === "A" ? state.hovered : null;
    const total = this.trace?.steps ?? 0;
    this.list.classList.toggle("inert", phase === "question");
    this.options.forEach((option, index) => {
      const unit = this.units[index];
      if (unit === undefined) return;
      const { kind, text, steps } = unit;
      const isPinned = covers(pinned, steps);
      option.classList.toggle("pinned", isPinned);
      option.classList.toggle("first", isPinned && steps[0] <= (pinned?.[0] ?? 0));
      option.classList.toggle("hovered", covers(hovered, steps));
      const place =
        kind === "token" ? t("token {0} of {1}", steps[0] + 1, total) : t("{0} tokens", steps[1] - steps[0]);
      const name = kind === "code" ? t("code, folded") : text.trim() || t("space");
      setAttributes(option, {
        "aria-selected": isPinned ? "true" : "false",
        "aria-label": isPinned ? t("{0}, pinned, {1}", name, place) : `${name}, ${place}`,
      });
    });
  }

  private point(event: PointerEvent): void {
    const index = indexOf(event);
    if (index === null) return;
    if (this.dragging) this.pin(this.range(index));
    else this.hover(this.units[index]?.steps ?? null);
  }

  private hover(steps: Interval | null): void {
    if (this.name === "B") return;
    clearTimeout(this.timer);
    if (steps === null) this.store.dispatch({ type: "hover", steps });
    else this.timer = window.setTimeout(() => this.store.dispatch({ type: "hover", steps }), previewDelay);
  }

  private press(event: PointerEvent): void {
    const index = indexOf(event);
    if (index === null || event.button !== 0) return;
    this.focusOn(index);
    if (this.unfold(index)) return;
    if (event.shiftKey && this.anchor !== null) {
      this.pin(this.range(index));
      return;
    }
    this.anchor = index;
    const steps = this.units[index]?.steps ?? null;
    const again = sameInterval(this.pinned(this.store.state), steps);
    this.dragging = !again;
    this.pin(again ? null : steps);
  }

  private release(): void {
    if (!this.dragging) return;
    this.dragging = false;
    this.hover(null);
  }

  /** Opens a folded block of code; false for everything else. */
  private unfold(index: number): boolean {
    const unit = this.units[index];
    if (unit?.kind !== "code") return false;
    this.unfolded.add(unit.steps[0]);
    this.rebuild();
    return true;
  }

  /** Steps from the anchor to `index`, in either direction. */
  private range(index: number): Interval {
    const [low, high] = [Math.min(this.anchor ?? index, index), Math.max(this.anchor ?? index, index)];
    return [this.units[low]?.steps[0] ?? 0, this.units[high]?.steps[1] ?? 1];
  }

  private pin(steps: Interval | null): void {
    if (this.store.state.phase === "question") this.store.dispatch({ type: "phase", phase: "answer" });
    this.store.dispatch({ type: this.name === "A" ? "pin" : "pinOther", steps });
  }

  private key(event: KeyboardEvent): void {
    const target = this.target(event);
    if (target !== null) {
      event.preventDefault();
      if (event.shiftKey) this.anchor ??= this.focused;
      this.focusOn(target);
      if (event.shiftKey) this.pin(this.range(target));
      else this.anchor = null;
      return;
    }
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (this.unfold(this.focused)) return;
      const { steps } = this.units[this.focused] ?? {};
      if (steps === undefined) return;
      this.anchor = this.focused;
      this.pin(sameInterval(this.pinned(this.store.state), steps) ? null : steps);
    } else if (event.key === "Escape" && this.pinned(this.store.state) !== null) {
      event.preventDefault();
      this.pin(null);
    }
  }

  private target({ key, ctrlKey, metaKey }: KeyboardEvent): number | null {
    const last = this.units.length - 1;
    const step = key === "ArrowRight" || key === "ArrowDown" ? 1 : key === "ArrowLeft" || key === "ArrowUp" ? -1 : 0;
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (step === 0) return null;
    if (ctrlKey || metaKey) return sentenceStart(this.units, this.focused, step);
    return Math.min(last, Math.max(0, this.focused + step));
  }

  private focusOn(index: number): void {
    this.options[this.focused]?.classList.remove("focused");
    this.focused = index;
    const option = this.options[index];
    option?.classList.add("focused");
    setAttributes(this.list, { "aria-activedescendant": option?.id });
    option?.scrollIntoView({ block: "nearest" });
    if (this.list.matches(":focus-visible")) this.hover(this.units[index]?.steps ?? null);
  }
}

function covers(outer: Interval | null, inner: Interval): boolean {
  return outer !== null && outer[0] <= inner[0] && inner[1] <= outer[1];
}

function indexOf(event: Event): number | null {
  const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-index]") : null;
  return option === null ? null : Number(option.dataset["index"]);
}
