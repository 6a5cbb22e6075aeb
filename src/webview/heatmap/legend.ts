import { t } from "../common/l10n";
import { countLabels, liftLabels, ratioLabels } from "./colour";
import { h } from "./dom";

/** Colours of the map, and what hatching means; the words behind the "?" say what the figures are. */
export class MapLegend {
  readonly element = h("div", { class: "map-foot" });
  private comparing: boolean | null = null;

  update(comparing: boolean): void {
    if (comparing === this.comparing) return;
    this.comparing = comparing;
    const legend = comparing ? ratioLegend() : liftLegend();
    legend.append(explanation(comparing));
    this.element.replaceChildren(legend);
  }
}

function liftLegend(): HTMLElement {
  return h(
    "div",
    { class: "legend" },
    h("span", {}, t("Lift")),
    h("span", { class: "swatches" }, ...liftLabels.map((label, level) => swatch(label, `l${level}`))),
    h("span", { class: "dim wide-only" }, t("1 = its fair share")),
    h("span", { class: "grow" }),
    h("span", { class: "hatch hatch-key" }),
    h("span", {}, t("Always selected, so not counted")),
  );
}

function ratioLegend(): HTMLElement {
  const classes = ratioLabels.map((label, level) => swatch(label === "" ? t("alike") : label, `r${level}`));
  return h(
    "div",
    { class: "legend" },
    h("span", {}, t("More in A")),
    h("span", { class: "swatches" }, ...classes),
    h("span", {}, t("More in B")),
    h("span", { class: "grow" }),
    h("span", { class: "hatch hatch-key" }),
    h("span", {}, t("Always selected, so not counted")),
  );
}

/** What people who never heard of attention need to read the map. */
function explanation(comparing: boolean): HTMLElement {
  const sentences = [
    t(
      "For each word it writes, the model picks a fixed number of tokens (pieces of words) of the context to look at, anew in every layer. Each pick is a selection.",
    ),
    t("A tile is a file, folder or function; the larger it is, the more tokens it has."),
    comparing
      ? t("Blue was selected more for answer A, orange more for answer B, by the ratio of their shares.")
      : t(
          "Lift is how often a part was selected compared with chance: 1 is its fair share, 4 is four times that. Grey is at or below it.",
        ),
    t("Hatched parts are looked at for every word, so they are not counted."),
    t("A selection says what was looked at, not what caused the answer."),
  ];
  return h(
    "details",
    { class: "explain" },
    h("summary", {}, t("How to read this")),
    ...sentences.map((sentence) => h("p", {}, sentence)),
  );
}

/** Counts that the colours of tokens stand for. */
export function countSwatches(maxCount: number): HTMLElement {
  const labels = countLabels(maxCount);
  const swatches = labels.flatMap((label, level) => (label === null ? [] : [swatch(label, `l${level}`)]));
  return h("span", { class: "swatches" }, ...swatches);
}

function swatch(label: string, style: string): HTMLElement {
  return h("span", { class: `swatch ${style}` }, label);
}
