import type { FileSelection, Interval } from "../../shared/trace";
import { t } from "../common/l10n";
import { liftClass } from "../common/liftClass";
import { h, setAttributes, setText } from "./dom";
import { count, lift, percent } from "./format";
import { isAlwaysSelected } from "./sums";
import { baseName, parentPath } from "./tree";

const sparkHeight = 14;

/** The cells of one table row, kept with their element so that a repaint writes only what changed. */
export class TableRow {
  readonly element: HTMLElement;
  private readonly rank = cell("number dim");
  private readonly name = h("span", { class: "file-name" });
  private readonly folder = h("span", { class: "dim file-folder" });
  private readonly lines = cell("mono-cell");
  private readonly tokens = cell("number");
  private readonly selected = cell("number");
  private readonly share = cell("number");
  private readonly swatch = h("span", { class: "lift-swatch" });
  private readonly figure = h("span");
  private readonly spark = cell("spark");

  constructor(index: number) {
    const file = cell("file-cell");
    file.append(this.name, " ", this.folder);
    const liftCell = cell("lift-cell");
    liftCell.append(this.swatch, this.figure);
    this.element = h(
      "div",
      { role: "row", class: "row-line", id: `row-${index}`, "aria-rowindex": index + 2, "data-row": index },
      this.rank,
      file,
      this.lines,
      this.tokens,
      this.selected,
      this.share,
      liftCell,
      this.spark,
    );
  }

  /** `highest` is the largest sum of a file in one layer: the full height of a bar. */
  fill(file: FileSelection, rank: number, layers: Interval, highest: number): void {
    setText(this.rank, String(rank));
    setText(this.name, baseName(file.path));
    setText(this.folder, parentPath(file.path) ?? "");
    setAttributes(this.element, { "data-path": file.path });
    setText(this.lines, file.densest === null ? "" : lineRange(file.densest));
    setText(this.tokens, count(file.tokens));
    setText(this.selected, count(file.selected));
    setText(this.share, percent(file.share));
    const always = isAlwaysSelected(file);
    this.swatch.className = always ? "lift-swatch hatch" : `lift-swatch l${liftClass(file.lift)}`;
    setText(this.figure, always ? t("always") : lift(file.lift));
    this.paintSpark(file.byLayer, layers, highest);
  }

  mark(current: boolean, focused: boolean, hovered: boolean): void {
    this.element.classList.toggle("current", current);
    this.element.classList.toggle("focused", focused);
    this.element.classList.toggle("marked", hovered);
    setAttributes(this.element, { "aria-selected": current ? "true" : "false" });
  }

  private paintSpark(byLayer: readonly number[], [from, to]: Interval, highest: number): void {
    while (this.spark.children.length > byLayer.length) this.spark.lastElementChild?.remove();
    while (this.spark.children.length < byLayer.length) this.spark.append(h("i"));
    byLayer.forEach((value, layer) => {
      const bar = this.spark.children[layer] as HTMLElement;
      bar.className = layer >= from && layer < to ? "in" : "";
      bar.style.height = `${Math.max(1, Math.round((value / highest) * sparkHeight))}px`;
    });
    setAttributes(this.spark, {
      "aria-label": t("{0} of {1} layers", byLayer.filter((value) => value > 0).length, byLayer.length),
    });
  }
}

/** `109–115`, or `38` for a single line. */
export function lineRange([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}–${to}`;
}

function cell(style: string): HTMLElement {
  return h("div", { role: "gridcell", class: style });
}
