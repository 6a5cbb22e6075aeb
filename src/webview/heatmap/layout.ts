import { hierarchy, treemap, treemapSquarify, type HierarchyRectangularNode } from "d3-hierarchy";
import { baseName } from "../../shared/fileTree";
import type { MapRegion, TraceMap } from "../../shared/trace";
import { mapLimits } from "../../shared/traceMap";

/** In CSS pixels, from the map's upper left corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One coloured rectangle: a region of the map, or those too small to be seen together as "n more". */
export interface Tile extends Rectangle, Omit<MapRegion, "group"> {
  /** Number of the group in `MapLayout.groups`. */
  readonly group: number;
  /** Numbers of the regions that the tile stands for. */
  readonly regions: readonly number[];
}

/** A framed folder with its title above the tiles; `titleHeight` is 0 where no title fits. */
export interface Group extends Rectangle {
  readonly path: string;
  readonly title: string;
  readonly titleHeight: number;
}

export interface MapLayout {
  readonly groups: readonly Group[];
  readonly tiles: readonly Tile[];
}

const titleHeight = 16;
const gap = 2;

type Item = Omit<Tile, keyof Rectangle>;

/** Squarified treemap of a map's regions in a box of width × height pixels: area = tokens. */
export function layoutMap(map: TraceMap, width: number, height: number): MapLayout {
  if (map.regions.length === 0 || width < mapLimits.side || height < mapLimits.side) return { groups: [], tiles: [] };
  let items = map.groups.map((): Item[] => []);
  map.regions.forEach((region, number) => {
    if (region.size > 0) items[region.group]?.push({ ...region, regions: [number] });
  });
  let placed = arrange(map, items, width, height);
  for (let round = 0; round < 6; round++) {
    const small = placed.tiles.filter(tooSmall);
    if (small.length === 0) break;
    const names = small.map((tile) => tile.regions[0] ?? -1);
    items = items.map((own, group) => {
      return joinSmall(own, new Set(names), group, map.groups[group]?.path ?? "");
    });
    placed = arrange(map, items, width, height);
  }
  return { groups: placed.groups, tiles: placed.tiles.filter((tile) => !tooSmall(tile)) };
}

/** Same for tiles that show the same thing, across layouts. */
export function keyOf({ kind, path, name, lines }: Pick<Tile, "kind" | "path" | "name" | "lines">): string {
  return `${kind}:${path}${name === undefined ? "" : `#${name}:${lines?.[0] ?? ""}`}`;
}

/** True when the tile stands for the file, or for a folder around it. */
export function holdsFile(tile: Pick<Tile, "kind" | "path">, path: string): boolean {
  return tile.kind === "folder" ? path.startsWith(`${tile.path}/`) : tile.kind === "file" && tile.path === path;
}

const tooSmall = (tile: Tile): boolean =>
  tile.width < mapLimits.side || tile.height < mapLimits.side || tile.width * tile.height < mapLimits.area;

/** Joins the items named in `small` with the smallest one that is not, so that what they become can be seen. */
function joinSmall(items: Item[], small: ReadonlySet<number>, group: number, path: string): Item[] {
  if (items.length < 2 || !items.some((item) => small.has(item.regions[0] ?? -1))) return items;
  const isSmall = (item: Item): boolean => small.has(item.regions[0] ?? -1) || item.kind === "more";
  const kept = items.filter((item) => !isSmall(item)).sort((a, b) => b.size - a.size);
  const smallest = kept.pop();
  const rest = [...(smallest === undefined ? [] : [smallest]), ...items.filter(isSmall)];
  if (rest.length < 2) return [...kept, ...rest];
  const sum = (of: (item: Item) => number): number => rest.reduce((total, item) => total + of(item), 0);
  const regions = rest.flatMap((item) => item.regions);
  const more = { size: sum((item) => item.size), count: sum((item) => item.count) };
  return [...kept, { kind: "more", path, group, regions, ...more }];
}

/** A node of d3's tree: the root, a group, or an item of a group. */
interface Node {
  readonly group?: number;
  readonly item?: Item;
  readonly children?: readonly Node[];
}

function arrange(map: TraceMap, items: readonly (readonly Item[])[], width: number, height: number): MapLayout {
  const top: Node = {
    children: items.flatMap((own, group) => {
      return own.length === 0 ? [] : [{ group, children: own.map((item) => ({ item, group })) }];
    }),
  };
  const single = top.children?.length === 1 && map.level === "symbols";
  const titleOf = (node: HierarchyRectangularNode<Node>): number =>
    !single && node.x1 - node.x0 >= 34 && node.y1 - node.y0 >= 34 ? titleHeight : 0;
  const edge = single ? 0 : 1;
  const root = hierarchy<Node>(top, (node) => node.children)
    .sum((node) => node.item?.size ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const placed = treemap<Node>()
    .size([width, height])
    .tile(treemapSquarify.ratio(1.3))
    .round(true)
    .paddingInner((node) => (node.depth === 0 ? gap : 0))
    .paddingTop((node) => (node.depth === 1 ? titleOf(node) + edge : 0))
    .paddingRight((node) => (node.depth === 1 ? edge : 0))
    .paddingBottom((node) => (node.depth === 1 ? edge : 0))
    .paddingLeft((node) => (node.depth === 1 ? edge : 0))(root);
  const numbers = new Map<number, number>();
  const groups = (placed.children ?? []).map((node, number): Group => {
    const { path = "", title = "" } = map.groups[node.data.group ?? -1] ?? {};
    numbers.set(node.data.group ?? -1, number);
    return { ...rectangle(node), path, title, titleHeight: titleOf(node) };
  });
  const tiles = placed.leaves().flatMap((leaf): Tile[] => {
    const { item, group } = leaf.data;
    return item === undefined ? [] : [{ ...item, ...rectangle(leaf), group: numbers.get(group ?? -1) ?? 0 }];
  });
  return { groups, tiles };
}

function rectangle(node: HierarchyRectangularNode<Node>): Rectangle {
  return { x: node.x0, y: node.y0, width: node.x1 - node.x0, height: node.y1 - node.y0 };
}

/** Name of a tile: the declaration's, file's or folder's own, never the path. */
export function tileName(tile: Pick<Tile, "kind" | "path" | "name">): string {
  if (tile.name !== undefined) return tile.name;
  return tile.kind === "folder" ? `${baseName(tile.path)}/` : baseName(tile.path);
}
