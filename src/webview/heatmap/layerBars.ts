import type { TraceSummary } from "../../shared/trace";
import { filesByPath } from "./sums";
import { baseName, filesBelow, folderTree, groupsOf, skipChain } from "./tree";

/** A folder whose share is drawn as one bar in every layer. */
export interface BarGroup {
  readonly name: string;
  readonly files: readonly string[];
}

export const maxBars = 6;

/**
 * The most selected groups of the map below `zoom`, or files where there is only one group. Ordered by the whole trace:
 * they stay while queries change.
 */
export function barGroups(trace: TraceSummary, zoom: string): readonly BarGroup[] {
  const sized = trace.files.map(({ path, tokens, always }) => ({ path, size: tokens + always }));
  const known = filesByPath(trace);
  const root = skipChain(folderTree(sized, zoom));
  const folders = groupsOf(root).map(({ folder, direct }) => ({
    name: folder.path || "/",
    files: direct ? folder.files.map((file) => file.path) : filesBelow(folder),
  }));
  const groups =
    folders.length > 1 ? folders : filesBelow(root).map((path) => ({ name: baseName(path), files: [path] }));
  const selected = ({ files }: BarGroup): number =>
    files.reduce((sum, path) => sum + (known.get(path)?.selected ?? 0), 0);
  return groups
    .map((group) => ({ group, sum: selected(group) }))
    .sort((a, b) => b.sum - a.sum)
    .slice(0, maxBars)
    .map(({ group }) => group);
}

/**
 * For each layer the share of each group in the layer's selections, divided by the largest of all these shares: bar
 * heights in [0, 1].
 */
export function barHeights(shown: TraceSummary, groups: readonly BarGroup[]): readonly (readonly number[])[] {
  const known = filesByPath(shown);
  const totals = new Array<number>(shown.layers).fill(0);
  for (const file of shown.files)
    file.byLayer.forEach((count, layer) => (totals[layer] = (totals[layer] ?? 0) + count));
  const sums = groups.map(({ files }) => {
    const byLayer = new Array<number>(shown.layers).fill(0);
    for (const path of files)
      known.get(path)?.byLayer.forEach((count, layer) => (byLayer[layer] = (byLayer[layer] ?? 0) + count));
    return byLayer;
  });
  const shares = totals.map((total, layer) => sums.map((byLayer) => (total > 0 ? (byLayer[layer] ?? 0) / total : 0)));
  const highest = Math.max(...shares.flat(), 1e-9);
  return shares.map((layer) => layer.map((share) => share / highest));
}
