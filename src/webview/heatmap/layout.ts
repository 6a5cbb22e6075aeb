import { hierarchy, treemap, treemapSquarify, type HierarchyRectangularNode } from "d3-hierarchy";
import {
  baseName,
  filesBelow,
  folderTree,
  groupsOf,
  skipChain,
  type Folder,
  type GroupedFolder,
  type SizedFile,
} from "./tree";

/** In CSS pixels, from the map's upper left corner. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One coloured rectangle: a file, a folder drawn whole, or the small files of a group together. */
export interface Tile extends Rectangle {
  readonly kind: "file" | "folder" | "more";
  /** Path of the file or folder; for `more`, of the folder that holds them. */
  readonly path: string;
  /** Number of the group in `MapLayout.groups`. */
  readonly group: number;
  /** Files that the tile stands for. */
  readonly files: readonly string[];
  /** Their tokens. */
  readonly size: number;
}

/** A framed folder with its title above the tiles; `titleHeight` is 0 where no title fits. */
export interface Group extends Rectangle {
  readonly path: string;
  /** The path, or "/" for the root. */
  readonly title: string;
  readonly titleHeight: number;
}

export interface MapLayout {
  readonly groups: readonly Group[];
  readonly tiles: readonly Tile[];
}

/** Limits of the map; smaller tiles join "n more". */
export const mapLimits = { tiles: 600, side: 6, area: 24 } as const;

const titleHeight = 16;
const gap = 2;

/**
 * Squarified treemap of the files below `zoom`, in a box of width × height pixels: area = tokens. Pure, and independent
 * of what was selected, so that a hover only recolours.
 */
export function layoutMap(files: readonly SizedFile[], zoom: string, width: number, height: number): MapLayout {
  const root = skipChain(folderTree(files, zoom));
  if (root.size === 0 || width < mapLimits.side || height < mapLimits.side) return { groups: [], tiles: [] };
  const groups = groupsOf(root);
  let nodes = groups.map((group) => itemsOf(group, root.size, width * height));
  let placed = arrange(groups, nodes, width, height);
  for (let round = 0; round < 6; round++) {
    const small = placed.tiles.filter(tooSmall);
    if (small.length === 0) break;
    nodes = nodes.map((items, group) => {
      const names = small.filter((tile) => tile.group === group).map(keyOf);
      return joinSmall(items, new Set(names), groups[group]?.folder.path ?? zoom);
    });
    placed = arrange(groups, nodes, width, height);
  }
  return { groups: placed.groups, tiles: placed.tiles.filter((tile) => !tooSmall(tile)) };
}

/** Same for tiles that show the same thing, across layouts. */
export const keyOf = ({ kind, path }: Pick<Tile, "kind" | "path">): string => `${kind}:${path}`;

const tooSmall = (tile: Tile): boolean =>
  tile.width < mapLimits.side || tile.height < mapLimits.side || tile.width * tile.height < mapLimits.area;

interface Item {
  readonly kind: Tile["kind"];
  readonly path: string;
  readonly size: number;
  readonly files: readonly string[];
}

/** The tiles of one group: folders are opened, largest first, while the group's part of the tile limit lasts. */
function itemsOf(group: GroupedFolder, total: number, pixels: number): readonly Item[] {
  const { folder, direct } = group;
  const share = group.size / total;
  const quota = Math.max(2, Math.floor((mapLimits.tiles - 40) * share));
  const worthOpening = Math.max(1, (total / pixels) * 900);
  const items: Item[] = folder.files.map(fileItem);
  let closed = direct ? [] : [...folder.folders];
  while (closed.length > 0) {
    const largest = closed.reduce((best, candidate) => (candidate.size > best.size ? candidate : best));
    const more = largest.files.length + largest.folders.length;
    if (largest.size < worthOpening || items.length + closed.length + more > quota) break;
    items.push(...largest.files.map(fileItem));
    closed = [...closed.filter((candidate) => candidate !== largest), ...largest.folders];
  }
  items.push(...closed.map(folderItem));
  items.sort((a, b) => b.size - a.size);
  const legible = (total / pixels) * mapLimits.area;
  const kept = items.filter((item, position) => position < quota - 1 && item.size >= legible).length;
  return withMore(folder.path, items.slice(0, kept), items.slice(kept));
}

const fileItem = (file: SizedFile): Item => ({ kind: "file", path: file.path, size: file.size, files: [file.path] });
const folderItem = (folder: Folder): Item => ({
  kind: "folder",
  path: folder.path,
  size: folder.size,
  files: filesBelow(folder),
});

/** Adds one "n more" tile for `rest`; a single rest stays itself. */
function withMore(path: string, kept: readonly Item[], rest: readonly Item[]): readonly Item[] {
  if (rest.length < 2) return [...kept, ...rest];
  const size = rest.reduce((sum, item) => sum + item.size, 0);
  return [...kept, { kind: "more", path, size, files: rest.flatMap((item) => item.files) }];
}

/** Joins the items named in `small` with the smallest one that is not, so that what they become can be seen. */
function joinSmall(items: readonly Item[], small: ReadonlySet<string>, path: string): readonly Item[] {
  if (small.size === 0 || items.length < 2) return items;
  const isSmall = (item: Item): boolean => small.has(keyOf(item)) || item.kind === "more";
  const rest = items.filter(isSmall);
  const kept = items.filter((item) => !isSmall(item));
  const smallest = kept.pop();
  return withMore(path, kept, smallest === undefined ? rest : [smallest, ...rest]);
}

/** A node of d3's tree: the root, a group, or an item of a group. */
interface Node {
  readonly frame?: GroupedFolder;
  readonly item?: Item;
  readonly group?: number;
  readonly children?: readonly Node[];
}

function arrange(
  groups: readonly GroupedFolder[],
  items: readonly (readonly Item[])[],
  width: number,
  height: number,
): MapLayout {
  const top: Node = {
    children: groups.map((frame, group) => ({
      frame,
      group,
      children: (items[group] ?? []).map((item) => ({ item, group })),
    })),
  };
  const root = hierarchy<Node>(top, (node) => node.children)
    .sum((node) => node.item?.size ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const placed = treemap<Node>()
    .size([width, height])
    .tile(treemapSquarify.ratio(1.3))
    .round(true)
    .paddingInner((node) => (node.depth === 0 ? gap : 0))
    .paddingTop((node) => (node.depth === 1 ? titleHeightOf(node) + 1 : 0))
    .paddingRight((node) => (node.depth === 1 ? 1 : 0))
    .paddingBottom((node) => (node.depth === 1 ? 1 : 0))
    .paddingLeft((node) => (node.depth === 1 ? 1 : 0))(root);
  const frames = [...(placed.children ?? [])].sort((a, b) => (a.data.group ?? 0) - (b.data.group ?? 0));
  return {
    groups: frames.map((node) => {
      const path = node.data.frame?.folder.path ?? "";
      return { ...rectangle(node), path, title: path === "" ? "/" : path, titleHeight: titleHeightOf(node) };
    }),
    tiles: placed.leaves().flatMap((leaf) => {
      const { item, group } = leaf.data;
      return item === undefined || group === undefined ? [] : [{ ...item, ...rectangle(leaf), group }];
    }),
  };
}

function rectangle(node: HierarchyRectangularNode<Node>): Rectangle {
  return { x: node.x0, y: node.y0, width: node.x1 - node.x0, height: node.y1 - node.y0 };
}

function titleHeightOf(node: HierarchyRectangularNode<Node>): number {
  return node.x1 - node.x0 >= 34 && node.y1 - node.y0 >= 34 ? titleHeight : 0;
}

/** Name of a tile: the file's or folder's own, never its path. */
export function tileName(tile: Tile): string {
  return tile.kind === "folder" ? `${baseName(tile.path)}/` : baseName(tile.path);
}
