import type { FileSelection, TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { AlwaysBars } from "./alwaysBars";
import { liftClass } from "../common/liftClass";
import { h, place, setAttributes, setText } from "./dom";
import { keyOf, layoutMap, type MapLayout, type Tile } from "./layout";
import { liftLegend } from "./legend";
import { MapKeys } from "./mapKeys";
import { shownSums, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";
import { filesByPath, isAlwaysSelected, sumFiles, type RegionSums } from "./sums";
import { tileLabel, tileSpeech, tileTip } from "./tileText";
import type { Tip } from "./tip";

interface DrawnTile {
  readonly tile: Tile;
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly figure: HTMLElement;
}

/** The treemap with the always selected ends of the context and the legend below. */
export class MapView implements View {
  readonly element = h("section", { class: "map", "aria-label": t("Map") });
  private readonly canvas = h("div", {
    class: "tiles",
    role: "tree",
    "aria-label": t("Files by tokens, coloured by lift"),
  });
  private readonly always = new AlwaysBars();
  private readonly layoutChanges = new Changes();
  private readonly paintChanges = new Changes();
  private readonly markChanges = new Changes();
  private readonly measure = textMeasure();
  private readonly keys: MapKeys;
  private layout: MapLayout = { groups: [], tiles: [] };
  private drawn: DrawnTile[] = [];
  private sums: RegionSums[] = [];
  private shown: TraceSummary | null = null;
  private known: ReadonlyMap<string, FileSelection> = new Map();

  constructor(
    private readonly store: Store,
    private readonly tip: Tip,
    private readonly open: ((path: string) => void) | null,
  ) {
    this.element.append(this.canvas, this.always.element, liftLegend());
    this.keys = new MapKeys(store, this.canvas, open);
    new ResizeObserver(() => this.update(store.state)).observe(this.canvas);
    this.canvas.addEventListener("pointerover", (event) => this.point(event.target));
    this.canvas.addEventListener("pointerleave", () => this.leave());
    this.canvas.addEventListener("focusin", (event) => {
      if (event.target instanceof Element && event.target.matches(":focus-visible")) this.point(event.target);
    });
    this.canvas.addEventListener("focusout", () => this.leave());
  }

  update(state: HeatmapState): void {
    const { trace, zoom } = state;
    const shown = shownSums(state);
    if (trace === null || shown === null) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (width === 0) return;
    if (this.layoutChanges.since(trace, zoom, width, height)) this.arrange(trace, zoom, width, height);
    if (this.paintChanges.since(shown, this.layout)) this.paint(shown);
    if (this.markChanges.since(state.selected, state.marked, this.layout)) this.mark(state);
    this.always.update(trace);
  }

  private arrange(trace: TraceSummary, zoom: string, width: number, height: number): void {
    const sized = trace.files.map(({ path, tokens, always }) => ({ path, size: tokens + always }));
    const moved = this.layout.groups.length > 0;
    const hadFocus = this.canvas.contains(document.activeElement);
    this.layout = layoutMap(sized, zoom, width, height);
    const groups = this.layout.groups.map((group) => {
      const title = group.titleHeight > 0 ? h("div", { class: "group-title" }, group.title) : "";
      const element = h(
        "div",
        { class: "group", role: "treeitem", "aria-level": 1, "aria-label": group.title, "aria-expanded": "true" },
        title,
      );
      place(element, group.x, group.y, group.width, group.height);
      return element;
    });
    this.drawn = this.layout.tiles.map((tile, index) => drawTile(tile, index));
    this.canvas.replaceChildren(...groups, ...this.drawn.map((tile) => tile.element));
    this.canvas.classList.remove("zoomed");
    if (moved) requestAnimationFrame(() => this.canvas.classList.add("zoomed"));
    this.keys.setLayout(
      this.layout,
      this.drawn.map(({ element }) => element),
      hadFocus,
    );
  }

  private paint(shown: TraceSummary): void {
    this.shown = shown;
    this.known = filesByPath(shown);
    this.sums = this.drawn.map(({ tile }) => sumFiles(shown, this.filesOf(tile)));
    this.drawn.forEach(({ tile, element, name, figure }, index) => {
      const sums = this.sums[index] ?? sumFiles(shown, []);
      const hatched = isAlwaysSelected(sums);
      element.className = hatched ? "tile hatch l0" : `tile l${liftClass(sums.lift)}`;
      const label = tileLabel(tile, sums, this.measure);
      setText(name, label.name);
      setText(figure, label.figure);
      setAttributes(element, { "aria-label": tileSpeech(tile, sums) });
    });
    this.mark(this.store.state);
  }

  private filesOf(tile: Tile): FileSelection[] {
    return tile.files.flatMap((path) => this.known.get(path) ?? []);
  }

  private mark({ selected, marked }: HeatmapState): void {
    for (const { tile, element } of this.drawn) {
      const isSelected =
        tile.kind === "file" ? tile.path === selected : selected !== null && tile.files.includes(selected);
      element.classList.toggle("current", isSelected);
      element.classList.toggle("marked", marked !== null && tile.kind === "file" && tile.path === marked);
      setAttributes(element, { "aria-selected": isSelected ? "true" : undefined });
    }
  }

  private point(target: EventTarget | null): void {
    const element = target instanceof Element ? target.closest<HTMLElement>(".tile") : null;
    if (element === null) {
      this.leave();
      return;
    }
    const index = Number(element.dataset["tile"]);
    const tile = this.layout.tiles[index];
    const sums = this.sums[index];
    if (tile === undefined || sums === undefined || this.shown === null) return;
    this.store.dispatch({ type: "mark", path: tile.kind === "file" ? tile.path : null });
    const { contextTokens, selections } = this.shown;
    const hint = this.open === null ? "" : t("Enter zooms · Ctrl+Enter opens");
    this.tip.show(
      element.getBoundingClientRect(),
      tileTip(tile, sums, selections, contextTokens, this.layersHit(tile), hint),
    );
  }

  private layersHit(tile: Tile): readonly [number, number] {
    const { layers, trace } = this.store.state;
    const chosen = (trace?.selectingLayers ?? []).filter((layer) => layer >= layers[0] && layer < layers[1]);
    const files = this.filesOf(tile);
    return [chosen.filter((layer) => files.some((file) => (file.byLayer[layer] ?? 0) > 0)).length, chosen.length];
  }

  private leave(): void {
    this.tip.hide();
    this.store.dispatch({ type: "mark", path: null });
  }
}

function drawTile(tile: Tile, index: number): DrawnTile {
  const name = h("span", { class: "tile-name" });
  const figure = h("span", { class: "tile-figure" });
  const element = h(
    "div",
    { role: "treeitem", "aria-level": 2, tabindex: -1, "data-tile": index, "data-key": keyOf(tile) },
    name,
    figure,
  );
  place(element, tile.x, tile.y, tile.width, tile.height);
  if (tile.height < 31) element.dataset["flat"] = "";
  return { tile, element, name, figure };
}

/** Width of a text on a tile, without touching the page's layout. */
function textMeasure(): (text: string) => number {
  const context = document.createElement("canvas").getContext("2d");
  const known = new Map<string, number>();
  return (text) => {
    const width = known.get(text);
    if (width !== undefined) return width;
    if (context === null) return text.length * 6;
    context.font = `600 11px ${getComputedStyle(document.body).fontFamily}`;
    const measured = context.measureText(text).width;
    known.set(text, measured);
    return measured;
  };
}
