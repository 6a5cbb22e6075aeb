import { t } from "../common/l10n";
import { count, lift, percent } from "./format";
import { tileName, type Tile } from "./layout";
import { isAlwaysSelected, type RegionSums } from "./sums";
import type { TipLine } from "./tip";

/** Sizes from which text fits on a tile. */
const oneLine = 17;
const twoLines = 31;
const padding = 8;

/** The lines of text on a tile: none when it is too small. `measure` gives a text's width in pixels. */
export function tileLabel(
  tile: Tile,
  sums: RegionSums,
  measure: (text: string) => number,
): { readonly name: string; readonly figure: string } {
  const room = tile.width - padding;
  const figure = isAlwaysSelected(sums) ? "" : lift(sums.lift);
  if (tile.height < oneLine || room < 14) return { name: "", figure: "" };
  if (tile.height >= twoLines)
    return { name: readableName(tile, room, measure), figure: measure(figure) <= room ? figure : "" };
  const both = fittingName(tile, room - measure(` ${figure}`) - 2, measure);
  if (measure(both) + measure(figure) + 4 <= room) return { name: both, figure };
  return measure(figure) <= room && figure !== "" ? { name: "", figure } : { name: both, figure: "" };
}

/** Less room than this shows a name only when all of it fits. */
const shortName = 30;

function readableName(tile: Tile, room: number, measure: (text: string) => number): string {
  const name = fittingName(tile, room, measure);
  return room >= shortName || measure(name) <= room ? name : "";
}

/** The whole name; without its extension where it does not fit. What is still too long is cut by the style. */
function fittingName(tile: Tile, room: number, measure: (text: string) => number): string {
  if (tile.kind === "more") return t("{0} more", tile.files.length);
  const name = tileName(tile);
  if (measure(name) <= room || tile.kind === "folder") return name;
  return name.replace(/(?<=.)\.[^.]{1,6}$/, "");
}

/** What a screen reader says. */
export function tileSpeech(tile: Tile, sums: RegionSums): string {
  const name = tile.kind === "more" ? t("{0} more files in {1}", tile.files.length, tile.path || "/") : tile.path;
  const tokens = t("{0} tokens", count(tile.size));
  return isAlwaysSelected(sums)
    ? `${name}, ${tokens}, ${t("always selected")}`
    : `${name}, ${tokens}, ${t("lift {0}", lift(sums.lift))}`;
}

/** What the pointer learns. `layers` is how many of the chosen layers selected something here, of how many. */
export function tileTip(
  tile: Tile,
  sums: RegionSums,
  selections: number,
  contextTokens: number,
  layers: readonly [hit: number, chosen: number] | null,
  hint: string,
): readonly TipLine[] {
  const title = tile.kind === "more" ? t("{0} more files in {1}", tile.files.length, tile.path || "/") : tile.path;
  const size = t("{0} tokens, {1} of the context", count(tile.size), percent(tile.size / Math.max(1, contextTokens)));
  if (isAlwaysSelected(sums)) {
    return [{ text: title, style: "title" }, { text: size }, { text: t("Always selected, so not counted") }];
  }
  const lines: TipLine[] = [
    { text: title, style: "title" },
    { text: size },
    { text: t("{0} of {1} selections, {2}", count(sums.selected), count(selections), percent(sums.share)) },
    {
      text:
        layers === null
          ? t("lift {0}", lift(sums.lift))
          : t("lift {0} · {1} of {2} layers", lift(sums.lift), ...layers),
    },
  ];
  if (sums.always > 0) lines.push({ text: t("{0} tokens always selected", count(sums.always)) });
  if (hint !== "") lines.push({ text: hint, style: "hint" });
  return lines;
}
