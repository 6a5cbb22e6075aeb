/** Which regions the map of a trace has: folders, files, and small ones together. */
import {
  filesBelow,
  folderTree,
  groupsOf,
  skipChain,
  type Folder,
  type GroupedFolder,
  type SizedFile,
} from "./fileTree";
import type { MapGroup, MapRegion, MapScope, TraceMap } from "./trace";

/** Limits of the map; smaller tiles join "n more". Side in CSS pixels, area in square pixels. */
export const mapLimits = { tiles: 600, side: 6, area: 24 } as const;

/** A folder that would get fewer square pixels is drawn whole. */
const foldedPixels = 900;

/** A map without its bars, and the region that each part (a file, or a run of lines) belongs to: -1 for none. */
export interface MapStructure extends Omit<TraceMap, "bars"> {
  readonly regionOf: Int32Array;
}

/** The map of the files below a folder. Independent of what was selected, so that a hover only recolours. */
export function fileMap(files: readonly SizedFile[], { below, pixels }: MapScope): MapStructure {
  const root = skipChain(folderTree(files, below));
  const regionOf = new Int32Array(files.length).fill(-1);
  if (root.size === 0 || pixels <= 0) return { below, level: "files", groups: [], regions: [], regionOf };
  const grouped = groupsOf(root);
  const regions: MapRegion[] = [];
  grouped.forEach((group, number) => {
    for (const { files: parts, ...item } of itemsOf(group, root.size, pixels)) {
      for (const file of parts) regionOf[file] = regions.length;
      regions.push({ ...item, group: number, count: parts.length });
    }
  });
  const groups = grouped.map(({ folder: { path } }): MapGroup => ({ path, title: path === "" ? "/" : path }));
  return { below, level: "files", groups, regions, regionOf };
}

interface Item extends Pick<MapRegion, "kind" | "path" | "size"> {
  readonly files: readonly number[];
}

/** The regions of one group: folders are opened, largest first, while the group's part of the limit lasts. */
function itemsOf(group: GroupedFolder, total: number, pixels: number): readonly Item[] {
  const { folder, direct } = group;
  const quota = Math.max(2, Math.floor(((mapLimits.tiles - 40) * group.size) / total));
  const worthOpening = Math.max(1, (total / pixels) * foldedPixels);
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
  const rest = items.slice(kept);
  if (rest.length < 2) return items;
  const size = rest.reduce((sum, item) => sum + item.size, 0);
  return [
    ...items.slice(0, kept),
    { kind: "more", path: folder.path, size, files: rest.flatMap((item) => item.files) },
  ];
}

const fileItem = ({ path, size, number }: SizedFile): Item => ({ kind: "file", path, size, files: [number] });
const folderItem = (folder: Folder): Item => {
  return { kind: "folder", path: folder.path, size: folder.size, files: filesBelow(folder) };
};
