import { t } from "../common/l10n";
import { countLabels, liftLabels } from "./colour";
import { h } from "./dom";

/** Colours of lift, and what hatching means. */
export function liftLegend(): HTMLElement {
  return h(
    "div",
    { class: "legend" },
    h("span", {}, t("Lift")),
    h("span", { class: "swatches" }, ...liftLabels.map((label, level) => swatch(label, level))),
    h("span", { class: "dim wide-only" }, t("1 = its fair share")),
    h("span", { class: "grow" }),
    h("span", { class: "hatch hatch-key" }),
    h("span", {}, t("Always selected, so not counted")),
  );
}

/** Counts that the colours of tokens stand for. */
export function countSwatches(maxCount: number): HTMLElement {
  const labels = countLabels(maxCount);
  const swatches = labels.flatMap((label, level) => (label === null ? [] : [swatch(label, level)]));
  return h("span", { class: "swatches" }, ...swatches);
}

function swatch(label: string, level: number): HTMLElement {
  return h("span", { class: `swatch l${level}` }, label);
}
