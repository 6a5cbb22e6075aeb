import type { TraceComparison } from "../../shared/trace";
import { t } from "../common/l10n";
import { h } from "./dom";
import { count, percent } from "./format";
import type { HeatmapHost } from "./host";
import { committedQuery, otherQuery, queryKey, type HeatmapState } from "./state";
import type { Store, View } from "./store";

/** Beside the map while two answers are compared: what they have in common. */
export class CompareView implements View {
  readonly element = h("section", { class: "compare", "aria-label": t("What the two have in common"), hidden: true });
  private readonly facts = h("dl", {});
  private asked = "";

  constructor(
    private readonly store: Store,
    private readonly host: HeatmapHost,
  ) {
    const button = (text: string, act: () => void): HTMLElement => {
      const element = h("button", { type: "button", class: "tool" }, text);
      element.addEventListener("click", act);
      return element;
    };
    const whole = (): void => {
      store.dispatch({ type: "pin", steps: null });
      store.dispatch({ type: "pinOther", steps: null });
    };
    this.element.append(
      h("h2", {}, t("What the two have in common")),
      this.facts,
      h(
        "p",
        { class: "dim" },
        t(
          "Pinned words are compared; without pins, whole answers. Answers with different contexts are compared by file, not by token.",
        ),
      ),
      h(
        "div",
        { class: "row" },
        button(t("Swap A and B"), () => host.editor?.swap()),
        button(t("Compare whole answers"), whole),
        button(t("End comparison"), () => host.editor?.compare(false)),
      ),
    );
  }

  update(state: HeatmapState): void {
    const [first, second] = [committedQuery(state), otherQuery(state)];
    this.element.hidden = second === null;
    if (first === null || second === null) {
      this.asked = "";
      return;
    }
    const key = `${queryKey(first)} ${queryKey(second)}`;
    if (key === this.asked) return;
    this.asked = key;
    this.host
      .compare(first, second)
      .then((found) => {
        if (key === this.asked) this.show(found, this.store.state);
      })
      .catch((error: unknown) => {
        if (key === this.asked)
          this.facts.replaceChildren(h("p", {}, error instanceof Error ? error.message : String(error)));
      });
  }

  private show({ sameContext, tokensInBoth, halfOfFirst, halfOfSecond }: TraceComparison, state: HeatmapState): void {
    const fact = (name: string, value: string): HTMLElement => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    this.facts.replaceChildren(
      fact(
        t("Of all tokens selected, selected in both"),
        tokensInBoth === null ? t("not comparable") : percent(tokensInBoth),
      ),
      fact(t("Files that carry half of A"), count(halfOfFirst)),
      fact(t("Files that carry half of B"), count(halfOfSecond)),
      fact(
        t("Same context"),
        sameContext ? t("yes") : t("no: {0} and {1}", state.trace?.asOf ?? "", state.other?.asOf ?? ""),
      ),
    );
  }
}
