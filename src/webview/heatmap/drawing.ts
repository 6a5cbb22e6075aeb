/** What the map looks like, as plain shapes: drawn on a canvas, or written as SVG. */
import type { TraceSums } from "../../shared/trace";
import { liftClass } from "../common/liftClass";
import { ratioClass, ratioFigure } from "./comparing";
import { lift } from "./format";
import type { MapLayout, Rectangle, Tile } from "./layout";
import { tileLabel, type Measure } from "./tileText";
import { isAlwaysSelected, sumTile } from "./tileSums";

/** Colours are indexes into the palette, so that a drawing does not depend on the theme. */
export type Ink =
  | { readonly palette: "lift"; readonly level: number }
  | { readonly palette: "ratio"; readonly level: number }
  | "text"
  | "line"
  | "background";

export type Shape =
  | (Rectangle & { readonly kind: "fill"; readonly colour: Ink })
  | (Rectangle & { readonly kind: "hatch" })
  | (Rectangle & { readonly kind: "frame"; readonly colour: Ink })
  | {
      readonly kind: "text";
      /** Left end of the base line. */
      readonly x: number;
      readonly y: number;
      readonly text: string;
      /** The class whose fill the text stands on, or the plain text colour. */
      readonly on: Ink;
      readonly bold: boolean;
    };

/** Height of a line of text on a tile, and of its letters. */
const lineHeight = 14;
const baseLine = 10.5;
const inset = { x: 4, y: 2 } as const;

/** All shapes of a map in the order of drawing. @param other sums of B, when two answers are compared */
export function drawMap(layout: MapLayout, sums: TraceSums, other: TraceSums | null, measure: Measure): Shape[] {
  const shapes: Shape[] = [];
  for (const group of layout.groups) {
    if (group.titleHeight === 0) continue;
    shapes.push({ kind: "frame", ...box(group), colour: "line" });
    const text = cutPath(group.title, group.width - 8, measure);
    if (text !== "") shapes.push({ kind: "text", x: group.x + 4, y: group.y + 12, text, on: "background", bold: true });
  }
  for (const tile of layout.tiles) drawTile(shapes, tile, sums, other, measure);
  return shapes;
}

function drawTile(shapes: Shape[], tile: Tile, sums: TraceSums, other: TraceSums | null, measure: Measure): void {
  const own = sumTile(tile, sums);
  if (isAlwaysSelected(own)) {
    shapes.push({ kind: "hatch", ...box(tile) }, { kind: "frame", ...box(tile), colour: "line" });
    const { name } = tileLabel(tile, "", measure);
    if (name === "") return;
    const text = cutText(name, tile.width - 2 * inset.x, measure);
    const width = Math.min(tile.width, measure(text) + 6);
    shapes.push({
      kind: "fill",
      x: tile.x + 1,
      y: tile.y + 1,
      width: width - 2,
      height: lineHeight + 1,
      colour: "background",
    });
    shapes.push({
      kind: "text",
      x: tile.x + inset.x,
      y: tile.y + inset.y + baseLine,
      text,
      on: "background",
      bold: false,
    });
    return;
  }
  const against = other === null ? null : sumTile(tile, other);
  const colour: Ink =
    against === null
      ? { palette: "lift", level: liftClass(own.lift) }
      : { palette: "ratio", level: ratioClass(own.share, against.share) };
  shapes.push({ kind: "fill", ...box(tile), colour }, { kind: "frame", ...box(tile), colour: "line" });
  const figure = against === null ? lift(own.lift) : ratioFigure(own.share, against.share);
  const label = tileLabel(tile, figure, measure);
  const room = tile.width - 2 * inset.x;
  const y = tile.y + inset.y + baseLine;
  const write = (x: number, line: number, text: string, bold: boolean): void => {
    if (text !== "") shapes.push({ kind: "text", x, y: y + line * lineHeight, text, on: colour, bold });
  };
  if (!label.beside) {
    write(tile.x + inset.x, 0, cutText(label.name, room, measure), false);
    write(tile.x + inset.x, label.name === "" ? 0 : 1, label.figure, true);
    return;
  }
  const nameRoom = label.figure === "" ? room : room - measure(label.figure) - 4;
  const name = cutText(label.name, nameRoom, measure);
  write(tile.x + inset.x, 0, name, false);
  write(tile.x + inset.x + (name === "" ? 0 : measure(name) + 4), 0, label.figure, true);
}

/** A path without its first folders where it does not fit: the last ones tell groups apart. */
export function cutPath(path: string, room: number, measure: Measure): string {
  const parts = path.split("/");
  for (let from = 0; from < parts.length; from++) {
    const text = from === 0 ? path : `…/${parts.slice(from).join("/")}`;
    if (measure(text) <= room) return text;
  }
  return cutText(parts.at(-1) ?? path, room, measure);
}

const segmenter = new Intl.Segmenter();

/** The text, or its beginning and an ellipsis, in `room` pixels; empty where not even one letter fits. */
export function cutText(text: string, room: number, measure: Measure): string {
  if (measure(text) <= room) return text;
  const letters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  let low = 0;
  let high = letters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(`${letters.slice(0, middle).join("")}…`) <= room) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? "" : `${letters.slice(0, low).join("")}…`;
}

const box = ({ x, y, width, height }: Rectangle): Rectangle => ({ x, y, width, height });
