import type { TraceSums } from "../../shared/trace";
import { t } from "../common/l10n";
import { AlwaysBars } from "./alwaysBars";
import { paintShapes, textMeasure } from "./canvasPainter";
import { h, place, setAttributes, setText } from "./dom";
import { drawMap, type Shape } from "./drawing";
import { holdsFile, keyOf, layoutMap, type MapLayout, type Tile } from "./layout";
import { MapLegend } from "./legend";
import { MapKeys } from "./mapKeys";
import { readPalette, type MapPalette } from "./palette";
import { composePicture, type PictureText } from "./picture";
import { shownOther, shownSums, type HeatmapState, type ShownMap } from "./state";
import { Changes, type Store, type View } from "./store";
import { sumTile } from "./tileSums";
import { tileSpeech, tileTip } from "./tileText";
import type { Tip } from "./tip";

/** A drawing of the map with what it was drawn from, for export. */
export interface MapDrawing {
  readonly shapes: readonly Shape[];
  readonly width: number;
  readonly height: number;
}

/** The treemap on a canvas, with the always selected ends of the context and the legend below. */
export class MapView implements View {
  readonly element = h("section", { class: "map", "aria-label": t("Map") });
  private readonly surface = h("div", {
    class: "tiles",
    role: "tree",
    "aria-label": t("Parts of the context by tokens, coloured by lift"),
  });
  private readonly canvas = h("canvas", { "aria-hidden": "true" });
  private readonly current = h("div", { class: "tile-box current", hidden: true });
  private readonly marked = h("div", { class: "tile-box marked", hidden: true });
  /** The one tab stop: lies over the tile that the arrows have reached. */
  private readonly stop = h("div", { class: "tile-box stop", role: "treeitem", tabindex: 0, "aria-level": 1 });
  private readonly always = new AlwaysBars();
  private readonly legend = new MapLegend();
  private readonly layoutChanges = new Changes();
  private readonly paintChanges = new Changes();
  private readonly markChanges = new Changes();
  private readonly keys: MapKeys;
  private layout: MapLayout = { groups: [], tiles: [] };
  private drawing: MapDrawing = { shapes: [], width: 0, height: 0 };
  private palette: MapPalette | null = null;
  private measure: (text: string) => number = () => 0;
  private stopAt = 0;

  constructor(
    private readonly store: Store,
    private readonly tip: Tip,
    private readonly open: ((path: string, line: number | null) => void) | null,
  ) {
    this.surface.append(this.canvas, this.current, this.marked, this.stop);
    this.element.append(this.surface, this.always.element, this.legend.element);
    this.keys = new MapKeys(store, this.surface, open, (index, focus) => this.moveStop(index, focus));
    new ResizeObserver(() => this.resize()).observe(this.surface);
    this.surface.addEventListener("pointermove", (event) => this.point(this.keys.hit(event)));
    this.surface.addEventListener("pointerleave", () => this.leave());
    this.stop.addEventListener("focus", () => this.stop.matches(":focus-visible") && this.point(this.stopAt));
    this.stop.addEventListener("blur", () => this.leave());
  }

  /** What is drawn now, as a picture of its own; null when nothing is. */
  picture(text: PictureText): { readonly drawing: MapDrawing; readonly palette: MapPalette } | null {
    const { palette } = this;
    if (palette === null || this.drawing.width === 0) return null;
    return { drawing: composePicture(this.drawing, text, this.measure), palette };
  }

  /** Paints anew, after the theme changed. */
  repaint(): void {
    this.palette = null;
    this.paint(this.store.state);
  }

  update(state: HeatmapState): void {
    const { trace, map } = state;
    const { clientWidth: width, clientHeight: height } = this.surface;
    if (trace === null || map === null || width === 0) return;
    const sums = shownSums(state);
    if (this.layoutChanges.since(map, width, height)) this.arrange(map, width, height);
    if (this.paintChanges.since(sums, shownOther(state), this.layout)) this.paint(state);
    if (this.markChanges.since(state.selected, state.line, state.marked, this.layout)) this.mark(state);
    this.always.update(trace);
    this.legend.update(state.other !== null);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.surface;
    this.store.dispatch({ type: "resize", pixels: clientWidth * clientHeight });
    this.update(this.store.state);
  }

  private arrange({ map }: ShownMap, width: number, height: number): void {
    const moved = this.layout.groups.length > 0;
    this.layout = layoutMap(map, width, height);
    this.keys.setLayout(this.layout);
    this.surface.classList.remove("zoomed");
    if (moved) requestAnimationFrame(() => this.surface.classList.add("zoomed"));
  }

  private paint(state: HeatmapState): void {
    const sums = shownSums(state);
    const { clientWidth: width, clientHeight: height } = this.surface;
    const context = this.canvas.getContext("2d", { alpha: false });
    if (sums === null || context === null || width === 0 || height === 0) return;
    if (this.palette === null) {
      this.palette = readPalette();
      this.measure = textMeasure(this.palette.font);
    }
    this.drawing = { shapes: drawMap(this.layout, sums, shownOther(state), this.measure), width, height };
    const scale = devicePixelRatio;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      this.canvas.width = wide;
      this.canvas.height = high;
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = this.palette.background;
    context.fillRect(0, 0, width, height);
    paintShapes(context, this.drawing.shapes, this.palette);
    // What the map shows, for tests and for whoever inspects the page: a canvas says nothing by itself.
    this.surface.dataset["painted"] = String(Number(this.surface.dataset["painted"] ?? "0") + 1);
    this.describeStop(sums);
  }

  private mark({ selected, line, marked }: HeatmapState): void {
    const isCurrent = (tile: Tile): boolean =>
      selected !== null && (holdsFile(tile, selected) || (tile.kind === "symbol" && isAt(tile, selected, line)));
    const isMarked = (tile: Tile): boolean => marked !== null && tile.kind === "file" && tile.path === marked;
    cover(this.current, this.layout.tiles.find(isCurrent));
    cover(this.marked, this.layout.tiles.find(isMarked));
  }

  private moveStop(index: number, focus: boolean): void {
    this.stopAt = index;
    const tile = this.layout.tiles[index];
    this.stop.hidden = tile === undefined;
    if (tile === undefined) return;
    place(this.stop, tile.x, tile.y, tile.width, tile.height);
    setAttributes(this.stop, {
      "aria-setsize": this.layout.tiles.length,
      "aria-posinset": index + 1,
      "data-key": keyOf(tile),
    });
    const sums = shownSums(this.store.state);
    if (sums !== null) this.describeStop(sums);
    if (!focus) return;
    this.stop.focus({ preventScroll: true });
    if (this.stop.matches(":focus-visible")) this.point(index);
  }

  private describeStop(sums: TraceSums): void {
    const tile = this.layout.tiles[this.stopAt];
    if (tile === undefined) return;
    const other = shownOther(this.store.state);
    const speech = tileSpeech(tile, sumTile(tile, sums), other === null ? null : sumTile(tile, other));
    setAttributes(this.stop, { "aria-label": speech });
    setText(this.stop, "");
  }

  private point(index: number): void {
    const tile = this.layout.tiles[index];
    const { trace } = this.store.state;
    const sums = shownSums(this.store.state);
    if (tile === undefined || sums === null || trace === null) {
      this.leave();
      return;
    }
    this.store.dispatch({ type: "mark", path: tile.kind === "file" ? tile.path : null });
    const other = shownOther(this.store.state);
    const hint = this.open === null ? "" : t("Enter zooms · Ctrl+Enter opens");
    const { left, top } = this.surface.getBoundingClientRect();
    this.tip.show(
      new DOMRect(left + tile.x, top + tile.y, tile.width, tile.height),
      tileTip(tile, sumTile(tile, sums), other === null ? null : sumTile(tile, other), sums, trace.contextTokens, hint),
    );
  }

  private leave(): void {
    this.tip.hide();
    this.store.dispatch({ type: "mark", path: null });
  }
}

function isAt({ path, lines }: Tile, selected: string, line: number | null): boolean {
  return path === selected && line !== null && lines !== undefined && lines[0] <= line && line <= lines[1];
}

/** Lays a box over a tile, or hides it. */
function cover(element: HTMLElement, tile: Tile | undefined): void {
  element.hidden = tile === undefined;
  if (tile !== undefined) place(element, tile.x, tile.y, tile.width, tile.height);
}
