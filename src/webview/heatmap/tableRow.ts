import { baseName, parentPath } from "../../shared/fileTree";
import type { Interval, RankedRow } from "../../shared/trace";
import { t } from "../common/l10n";
import { liftClass } from "../common/liftClass";
import { pointsFigure } from "./comparing";
import { h, setAttributes, setText } from "./dom";
import { count, lift, percent } from "./format";
import { isAlwaysSelected } from "./tileSums";

const sparkHeight = 14;

/** The cells of one table row, kept with their element so that a repaint writes only what changed. */
export class TableRow {
  readonly element: HTMLElement;
  private readonly rank = cell("number dim");
  private readonly name = h("span", { class: "file-name" });
  private readonly folder = h("span", { class: "dim file-folder" });
  private readonly lines = cell("mono-cell");
  private readonly tokens = cell("number");
  private readonly selected = cell("number selected-cell");
  private readonly share = cell("number");
  private readonly swatch = h("span", { class: "lift-swatch" });
  private readonly figure = h("span");
  private readonly spark = cell("spark");
  private readonly otherShare = cell("number compare-cell");
  private readonly bars = cell("balance compare-cell");
  private readonly difference = cell("number compare-cell");
  private readonly barA = h("i", { class: "in-a" });
  private readonly barB = h("i", { class: "in-b" });

  constructor(index: number) {
    const file = cell("file-cell");
    file.append(this.name, " ", this.folder);
    const liftCell = cell("lift-cell");
    liftCell.append(this.swatch, this.figure);
    this.bars.append(this.barA, this.barB);
    this.element = h(
      "div",
      { role: "row", class: "row-line", id: `row-${index}`, "aria-rowindex": index + 2, "data-row": index },
      this.rank,
      file,
      this.lines,
      this.tokens,
      this.selected,
      this.share,
      this.bars,
      this.otherShare,
      liftCell,
      this.difference,
      this.spark,
    );
  }

  /** `highest` is the largest sum of a row in one layer, `largest` the largest share: full bars. */
  fill(row: RankedRow, layers: Interval, highest: number, largest: number): void {
    const { path, name, other } = row;
    setText(this.rank, String(row.rank));
    setText(this.name, name ?? baseName(path));
    setText(this.folder, name === undefined ? (parentPath(path) ?? "") : path);
    setAttributes(this.element, { "data-path": path });
    setAttributes(this.name, { title: name === undefined ? path : `${path}: ${name}` });
    setText(this.lines, row.lines === null ? "" : lineRange(row.lines));
    setText(this.tokens, count(row.tokens));
    setText(this.selected, count(row.selected));
    setText(this.share, percent(row.share));
    const always = isAlwaysSelected(row);
    this.swatch.className = always ? "lift-swatch hatch" : `lift-swatch l${liftClass(row.lift)}`;
    setText(this.figure, always ? t("always") : lift(row.lift));
    if (other !== undefined) {
      setText(this.otherShare, percent(other.share));
      setText(this.difference, pointsFigure(row.share, other.share));
      this.barA.style.width = `${(50 * row.share) / largest}%`;
      this.barB.style.width = `${(50 * other.share) / largest}%`;
    }
    this.paintSpark(row.byLayer, layers, highest);
  }

  /** The row is there, but its figures have not come. */
  clear(): void {
    for (const part of [this.rank, this.lines, this.tokens, this.selected, this.share]) setText(part, "");
    for (const part of [this.folder, this.figure, this.otherShare, this.difference]) setText(part, "");
    setText(this.name, "…");
    this.swatch.className = "lift-swatch";
    setAttributes(this.element, { "data-path": undefined });
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
      const style = layer >= from && layer < to ? "in" : "";
      if (bar.className !== style) bar.className = style;
      bar.style.height = `${Math.max(1, Math.round((value / highest) * sparkHeight))}px`;
    });
    const hit = byLayer.filter((value) => value > 0).length;
    const label = byLayer.length === 0 ? undefined : t("{0} of {1} layers", hit, byLayer.length);
    setAttributes(this.spark, { "aria-label": label });
  }
}

/** `109–115`, or `38` for a single line. */
export function lineRange([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}–${to}`;
}

function cell(style: string): HTMLElement {
  return h("div", { role: "gridcell", class: style });
}
