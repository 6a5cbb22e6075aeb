import type { TraceSums } from "../../shared/trace";
import { t } from "../common/l10n";
import { ratioFigure } from "./comparing";
import { count, layerRange, lift, percent } from "./format";
import { tileName, type Tile } from "./layout";
import { isAlwaysSelected, type RegionSums } from "./tileSums";
import type { TipLine } from "./tip";

/** Width of a text on a tile in pixels. */
export type Measure = (text: string) => number;

/** What is written on a tile; `beside`: the figure stands beside the name, not below. */
export interface TileLabel {
  readonly name: string;
  readonly figure: string;
  readonly beside: boolean;
}

/** Sizes from which text fits on a tile. */
const oneLine = 17;
const twoLines = 31;
const padding = 8;

/** The text on a tile: none when it is too small. Names that are too long are cut when they are drawn. */
export function tileLabel(tile: Tile, figure: string, measure: Measure): TileLabel {
  const room = tile.width - padding;
  if (tile.height < oneLine || room < 14) return { name: "", figure: "", beside: true };
  const fitting = measure(figure) <= room ? figure : "";
  if (tile.height >= twoLines) return { name: readableName(tile, room, measure), figure: fitting, beside: false };
  const both = fittingName(tile, room - measure(` ${figure}`) - 2, measure);
  if (measure(both) + measure(figure) + 4 <= room) return { name: both, figure, beside: true };
  return fitting === "" ? { name: both, figure: "", beside: true } : { name: "", figure: fitting, beside: true };
}

/** Less room than this shows a name only when all of it fits. */
const shortName = 30;

function readableName(tile: Tile, room: number, measure: Measure): string {
  const name = fittingName(tile, room, measure);
  return room >= shortName || measure(name) <= room ? name : "";
}

/** The whole name; without its extension where it does not fit. */
function fittingName(tile: Tile, room: number, measure: Measure): string {
  const name = shortNameOf(tile);
  if (measure(name) <= room || tile.kind !== "file") return name;
  return name.replace(/(?<=.)\.[^.]{1,6}$/, "");
}

function shortNameOf(tile: Tile): string {
  if (tile.kind === "more") return t("{0} more", tile.count);
  if (tile.kind === "rest") return tile.name === undefined ? t("other lines") : t("rest of {0}", tile.name);
  return tileName(tile);
}

/** Path or name in full, with lines. */
function longNameOf(tile: Tile): string {
  const { kind, path, name, lines, count: files } = tile;
  if (kind === "more") return t("{0} more in {1}", files, path || "/");
  if (kind === "rest")
    return name === undefined ? t("Lines of {0} outside of declarations", path) : t("rest of {0}", name);
  return kind === "symbol" && name !== undefined && lines !== undefined
    ? t("{0}, lines {1}", name, lines[0] === lines[1] ? lines[0] : `${lines[0]}–${lines[1]}`)
    : path;
}

/** What a screen reader says. */
export function tileSpeech(tile: Tile, sums: RegionSums, other: RegionSums | null): string {
  const parts = [longNameOf(tile), t("{0} tokens", count(tile.size))];
  if (isAlwaysSelected(sums)) parts.push(t("always selected"));
  else if (other === null) parts.push(t("lift {0}", lift(sums.lift)));
  else parts.push(ratioFigure(sums.share, other.share) || t("alike in A and B"));
  return parts.join(", ");
}

/** What the pointer learns. */
export function tileTip(
  tile: Tile,
  sums: RegionSums,
  other: RegionSums | null,
  whole: TraceSums,
  contextTokens: number,
  hint: string,
): readonly TipLine[] {
  const size = t("{0} tokens, {1} of the context", count(tile.size), percent(tile.size / Math.max(1, contextTokens)));
  const lines: TipLine[] = [{ text: longNameOf(tile), style: "title" }, { text: size }];
  if (isAlwaysSelected(sums)) return [...lines, { text: t("Always selected, so not counted") }];
  if (other === null) {
    lines.push(
      { text: t("{0} of {1} selections, {2}", count(sums.selected), count(whole.selections), percent(sums.share)) },
      { text: t("lift {0} · {1} of {2} layers", lift(sums.lift), sums.layersHit, whole.layersChosen) },
    );
  } else {
    lines.push(
      { text: t("A: {0} of its selections, lift {1}", percent(sums.share), lift(sums.lift)) },
      { text: t("B: {0} of its selections, lift {1}", percent(other.share), lift(other.lift)) },
    );
  }
  if (sums.always > 0) lines.push({ text: t("{0} tokens always selected", count(sums.always)) });
  if (hint !== "") lines.push({ text: hint, style: "hint" });
  return lines;
}

/** Which layers are meant, in words. */
export function layersText([from, to]: readonly [number, number], all: number): string {
  return from === 0 && to >= all ? t("all layers") : t("layers {0}", layerRange([from, to]));
}
