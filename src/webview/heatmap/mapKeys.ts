import { parentPath } from "../../shared/fileTree";
import { holdsFile, keyOf, type MapLayout, type Rectangle, type Tile } from "./layout";
import { zoomOutPath } from "./state";
import type { Store } from "./store";

type Direction = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/** Clicks and keys of the map: choose, zoom, open, and one tab stop that the arrows move by position. */
export class MapKeys {
  private layout: MapLayout = { groups: [], tiles: [] };
  private stop = 0;

  constructor(
    private readonly store: Store,
    surface: HTMLElement,
    private readonly open: ((path: string, line: number | null) => void) | null,
    /** Called when the tab stop moved. */
    private readonly moved: (index: number, focus: boolean) => void,
  ) {
    surface.addEventListener("click", (event) => this.click(this.hit(event)));
    surface.addEventListener("dblclick", (event) => {
      const tile = this.layout.tiles[this.hit(event)];
      if (tile !== undefined) this.zoomIn(tile);
    });
    surface.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    surface.addEventListener("keydown", (event) => this.key(event));
  }

  /** Takes over new tiles; the tab stop stays on the same thing, else goes to the chosen file. */
  setLayout(layout: MapLayout): void {
    const before = this.layout.tiles[this.stop];
    this.layout = layout;
    const { selected } = this.store.state;
    const same = before === undefined ? -1 : layout.tiles.findIndex((tile) => keyOf(tile) === keyOf(before));
    const chosen = layout.tiles.findIndex((tile) => selected !== null && holdsFile(tile, selected));
    this.stop = Math.max(0, same >= 0 ? same : chosen);
    this.moved(this.stop, false);
  }

  /** Number of the tile at a point of the window, -1 for none. */
  hit({ clientX, clientY, currentTarget }: MouseEvent): number {
    if (!(currentTarget instanceof HTMLElement)) return -1;
    const { left, top } = currentTarget.getBoundingClientRect();
    return tileAt(this.layout.tiles, clientX - left, clientY - top);
  }

  private click(index: number): void {
    const tile = this.layout.tiles[index];
    if (tile === undefined) return;
    this.moveTo(index);
    this.choose(tile);
  }

  private choose(tile: Tile): void {
    if (tile.kind === "file") this.store.dispatch({ type: "select", path: tile.path });
    else if (tile.kind === "symbol")
      this.store.dispatch({ type: "select", path: tile.path, ...(tile.lines && { line: tile.lines[0] }) });
  }

  private wheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const tile = this.layout.tiles[this.hit(event)];
    if (event.deltaY < 0 && tile !== undefined) this.zoomIn(tile);
    else if (event.deltaY > 0) this.zoomOut();
  }

  private key(event: KeyboardEvent): void {
    const tile = this.layout.tiles[this.stop];
    if (event.key === "Backspace" || event.key === "-") this.zoomOut();
    else if (event.key === "0") this.store.dispatch({ type: "zoom", path: "" });
    else if (tile === undefined) return;
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.openTile(tile);
    else if (event.key === "Enter") this.enter(tile);
    else if (event.key === " ") this.choose(tile);
    else if (event.key === "+" || event.key === "=") this.zoomIn(tile);
    else if (isDirection(event.key)) this.moveTo(neighbour(this.layout.tiles, this.stop, event.key));
    else return;
    event.preventDefault();
  }

  private openTile(tile: Tile): void {
    if (tile.kind === "file") this.open?.(tile.path, null);
    else if (tile.kind === "symbol") this.open?.(tile.path, tile.lines?.[0] ?? null);
  }

  /** Shows a file's code and goes one step deeper. */
  private enter(tile: Tile): void {
    this.choose(tile);
    this.zoomIn(tile);
  }

  private zoomIn(tile: Tile): void {
    const path = zoomTarget(this.layout, tile, this.store.state.zoom);
    // A self-contained page, which opens nothing, knows no declarations.
    const known = this.open !== null || tile.kind !== "file" || path !== tile.path;
    if (path !== null && known) this.store.dispatch({ type: "zoom", path });
  }

  private zoomOut(): void {
    const path = zoomOutPath(this.store.state);
    if (path !== null) this.store.dispatch({ type: "zoom", path });
  }

  private moveTo(index: number): void {
    this.stop = index;
    this.moved(index, true);
  }
}

/** Number of the tile that holds a point, -1 for none. */
export function tileAt(tiles: readonly Rectangle[], x: number, y: number): number {
  return tiles.findIndex((tile) => x >= tile.x && x < tile.x + tile.width && y >= tile.y && y < tile.y + tile.height);
}

/** The next place on the way from `zoom` to a tile: its group, its folder, then the file itself; null when there is none. */
export function zoomTarget(layout: MapLayout, tile: Tile, zoom: string): string | null {
  if (tile.kind === "symbol" || tile.kind === "rest") return null;
  const inside = (path: string): boolean => path !== zoom && path.startsWith(zoom === "" ? "" : `${zoom}/`);
  const group = layout.groups[tile.group]?.path ?? "";
  if (layout.groups.length > 1 && inside(group)) return group;
  const folder = tile.kind === "file" ? (parentPath(tile.path) ?? "") : tile.path;
  if (inside(folder)) return folder;
  return tile.kind === "file" ? tile.path : null;
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
