import type { MapLayout, Rectangle, Tile } from "./layout";
import { zoomOutPath } from "./state";
import type { Store } from "./store";
import { parentPath } from "./tree";

type Direction = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** Clicks and keys of the map: choose, zoom, open, and one tab stop that the arrows move by position. */
export class MapKeys {
  private layout: MapLayout = { groups: [], tiles: [] };
  private elements: readonly HTMLElement[] = [];
  private stop = 0;

  constructor(
    private readonly store: Store,
    canvas: HTMLElement,
    private readonly open: ((path: string) => void) | null,
  ) {
    canvas.addEventListener("click", (event) => this.click(event));
    canvas.addEventListener("dblclick", (event) => {
      const tile = this.tileAt(event.target);
      if (tile !== null) this.zoomIn(tile);
    });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Takes over new tiles; `focus` moves the focus to the chosen file's, when an old tile had it. */
  setLayout(layout: MapLayout, elements: readonly HTMLElement[], focus: boolean): void {
    this.layout = layout;
    this.elements = elements;
    const { selected } = this.store.state;
    const found = layout.tiles.findIndex((tile) => selected !== null && tile.files.includes(selected));
    this.stop = Math.max(0, found);
    this.elements[this.stop]?.setAttribute("tabindex", "0");
    if (focus) this.elements[this.stop]?.focus();
  }

  private click(event: MouseEvent): void {
    const tile = this.tileAt(event.target);
    if (tile === null) return;
    this.moveTo(this.layout.tiles.indexOf(tile));
    if (tile.kind === "file") this.store.dispatch({ type: "select", path: tile.path });
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const tile = this.tileAt(event.target);
    if (event.deltaY < 0 && tile !== null) this.zoomIn(tile);
    else if (event.deltaY > 0) this.zoomOut();
  }

  private key(event: KeyboardEvent): void {
    const tile = this.layout.tiles[this.stop];
    if (tile === undefined) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      if (tile.kind === "file") this.open?.(tile.path);
    } else if (event.key === "Enter") this.enter(tile);
    else if (event.key === " " && tile.kind === "file") this.store.dispatch({ type: "select", path: tile.path });
    else if (event.key === "+" || event.key === "=") this.zoomIn(tile);
    else if (event.key === "Backspace" || event.key === "-") this.zoomOut();
    else if (event.key === "0") this.store.dispatch({ type: "zoom", path: "" });
    else if (isDirection(event.key)) this.moveTo(neighbour(this.layout.tiles, this.stop, event.key));
    else return;
    event.preventDefault();
  }

  /** Shows a file's code and goes as deep as its folder; opens a folder. */
  private enter(tile: Tile): void {
    if (tile.kind === "file") this.store.dispatch({ type: "select", path: tile.path });
    this.zoomIn(tile);
  }

  private zoomIn(tile: Tile): void {
    const path = zoomTarget(this.layout, tile, this.store.state.zoom);
    if (path !== null) this.store.dispatch({ type: "zoom", path });
  }

  private zoomOut(): void {
    const path = zoomOutPath(this.store.state);
    if (path !== null) this.store.dispatch({ type: "zoom", path });
  }

  private moveTo(index: number): void {
    this.elements[this.stop]?.setAttribute("tabindex", "-1");
    this.stop = index;
    this.elements[index]?.setAttribute("tabindex", "0");
    this.elements[index]?.focus({ preventScroll: true });
  }

  private tileAt(target: EventTarget | null): Tile | null {
    const element = target instanceof Element ? target.closest<HTMLElement>("[data-tile]") : null;
    return element === null ? null : (this.layout.tiles[Number(element.dataset["tile"])] ?? null);
  }
}

/** The next folder on the way from `zoom` to a tile: its group first, then deeper; null when there is none. */
export function zoomTarget(layout: MapLayout, tile: Tile, zoom: string): string | null {
  const inside = (path: string): boolean => path !== zoom && path.startsWith(zoom === "" ? "" : `${zoom}/`);
  const group = layout.groups[tile.group]?.path ?? "";
  if (layout.groups.length > 1 && inside(group)) return group;
  const folder = tile.kind === "file" ? (parentPath(tile.path) ?? "") : tile.path;
  return inside(folder) ? folder : null;
}

const isDirection = (key: string): key is Direction => /^Arrow(Left|Right|Up|Down)$/.test(key);

/** The nearest tile in a direction, by centres; `from` when there is none. */
export function neighbour(tiles: readonly Rectangle[], from: number, direction: Direction): number {
  const start = tiles[from];
  if (start === undefined) return from;
  const vertical = direction === "ArrowUp" || direction === "ArrowDown";
  const sign = direction === "ArrowRight" || direction === "ArrowDown" ? 1 : -1;
  let best = from;
  let bestDistance = Number.POSITIVE_INFINITY;
  tiles.forEach((tile, index) => {
    const along = sign * (vertical ? centreY(tile) - centreY(start) : centreX(tile) - centreX(start));
    const across = Math.abs(vertical ? centreX(tile) - centreX(start) : centreY(tile) - centreY(start));
    const distance = along + 2 * across;
    if (index === from || along <= 1 || distance >= bestDistance) return;
    best = index;
    bestDistance = distance;
  });
  return best;
}

const centreX = (tile: Rectangle): number => tile.x + tile.width / 2;
const centreY = (tile: Rectangle): number => tile.y + tile.height / 2;
