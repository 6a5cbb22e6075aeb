import assert from "node:assert/strict";
import { folderTree, groupsOf, type SizedFile } from "../../../src/shared/fileTree";
import type { TraceMap } from "../../../src/shared/trace";
import { fileMap, mapLimits, type MapStructure } from "../../../src/shared/traceMap";
import { holdsFile, layoutMap, tileName, type MapLayout, type Rectangle } from "../../../src/webview/heatmap/layout";
import { neighbour, tileAt, zoomTarget } from "../../../src/webview/heatmap/mapKeys";
import { seeded, traceFixture } from "./fixture";

const width = 716;
const height = 310;

const numbered = (files: readonly Omit<SizedFile, "number">[]): readonly SizedFile[] =>
  files.map((file, number) => ({ ...file, number }));
const sized = (count: number): readonly SizedFile[] =>
  numbered(
    traceFixture({ files: count, steps: 1, layers: 1 }).answer.files.map(({ path, tokens, always }) => ({
      path,
      size: tokens + always,
    })),
  );
const structureOf = (files: readonly SizedFile[], below = ""): MapStructure =>
  fileMap(files, { below, pixels: width * height });
const withoutBars = ({ regionOf: _, ...map }: MapStructure): TraceMap => ({ ...map, bars: [] });
const layoutOf = (files: readonly SizedFile[], below = ""): MapLayout =>
  layoutMap(withoutBars(structureOf(files, below)), width, height);

/** A deep tree with many small files, as monorepos have. */
function monorepo(count: number): readonly SizedFile[] {
  const random = seeded(7);
  return numbered(
    Array.from({ length: count }, (_, number) => ({
      path: `packages/p${number % 37}/src/${"abcdef"[number % 6]}/m${number % 11}/file${number}.ts`,
      size: 1 + Math.floor(2000 * random() ** 4),
    })),
  );
}

const area = (rectangle: Rectangle): number => rectangle.width * rectangle.height;
const total = (files: readonly { readonly size: number }[]): number => files.reduce((sum, file) => sum + file.size, 0);

function assertSound(files: readonly SizedFile[], below = ""): MapLayout {
  const structure = structureOf(files, below);
  const layout = layoutMap(withoutBars(structure), width, height);
  assert.ok(structure.regions.length <= mapLimits.tiles + 40, `${structure.regions.length} regions`);
  assert.ok(layout.tiles.length <= mapLimits.tiles, `${layout.tiles.length} tiles`);
  const sizes = new Array<number>(structure.regions.length).fill(0);
  const counts = [...sizes];
  structure.regionOf.forEach((region, file) => {
    if (region < 0) return;
    sizes[region]! += files[file]!.size;
    counts[region]!++;
  });
  structure.regions.forEach(({ size, count, path }, number) => {
    assert.deepEqual([size, count], [sizes[number], counts[number]], path);
  });
  for (const tile of layout.tiles) {
    assert.ok(tile.width >= mapLimits.side && tile.height >= mapLimits.side && area(tile) >= mapLimits.area, tile.path);
    const group = layout.groups[tile.group]!;
    assert.ok(
      tile.x >= group.x &&
        tile.y >= group.y &&
        tile.x + tile.width <= group.x + group.width &&
        tile.y + tile.height <= group.y + group.height,
      `${tile.path} is inside its group`,
    );
    assert.equal(tile.size, total(tile.regions.map((region) => structure.regions[region]!)));
  }
  const overlap = (a: Rectangle, b: Rectangle): boolean =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  layout.tiles.forEach((a, at) =>
    layout.tiles.slice(at + 1).forEach((b) => assert.ok(!overlap(a, b), `${a.path} overlaps ${b.path}`)),
  );
  const shown = layout.tiles.flatMap((tile) => tile.regions);
  assert.equal(new Set(shown).size, shown.length, "no region is in two tiles");
  return layout;
}

describe("map layout", () => {
  it("gives areas that are proportional to tokens, without overlap", () => {
    const layout = assertSound(sized(180));
    for (const [number, group] of layout.groups.entries()) {
      const tiles = layout.tiles.filter((tile) => tile.group === number);
      const scale = tiles.reduce((sum, tile) => sum + area(tile), 0) / total(tiles);
      for (const tile of tiles.filter((candidate) => area(candidate) > 600)) {
        const ratio = area(tile) / (tile.size * scale);
        // Sides are whole pixels: a side of s pixels is off by up to 1 / s.
        const tolerance = 1.2 / tile.width + 1.2 / tile.height;
        assert.ok(Math.abs(ratio - 1) < tolerance, `${group.path} ${tile.path}: ${ratio} ± ${tolerance}`);
      }
    }
  });

  it("shows nearly every token", () => {
    const files = sized(180);
    const shown = layoutOf(files).tiles;
    assert.ok(total(shown) > 0.98 * total(files), `${total(shown)} of ${total(files)}`);
  });

  for (const count of [1, 2, 1500, 20_000]) {
    it(`stays within its limits with ${count} files`, () => {
      const { tiles } = assertSound(monorepo(count));
      assert.ok(tiles.length > 0);
    });
  }

  it("joins small files of a flat folder as n more", () => {
    const files = numbered(
      Array.from({ length: 3000 }, (_, number) => ({ path: `src/f${number}.c`, size: number < 5 ? 50_000 : 3 })),
    );
    const layout = assertSound(files);
    assert.equal(layout.tiles.filter((tile) => tile.kind === "more").length, 1);
    assert.equal(
      layout.tiles.reduce((sum, tile) => sum + tile.count, 0),
      3000,
    );
  });

  it("draws what lies below the zoomed folder, and nothing else", () => {
    const files = sized(180);
    const { regionOf } = structureOf(files, "internal/booking");
    files.forEach(({ path, size }, number) => {
      if (size > 0) assert.equal((regionOf[number] ?? -1) >= 0, path.startsWith("internal/booking/"), path);
    });
    assert.ok(assertSound(files, "internal/booking").tiles.length > 3);
  });

  it("is empty for no files, no tokens and no room", () => {
    assert.deepEqual(layoutOf([]).tiles, []);
    assert.deepEqual(layoutOf(numbered([{ path: "a", size: 0 }])).tiles, []);
    assert.deepEqual(layoutMap(withoutBars(structureOf(sized(10))), 0, 0).tiles, []);
    assert.deepEqual(layoutOf(sized(10), "no/such/folder").tiles, []);
  });

  it("does not depend on the order of the files", () => {
    const files = sized(180);
    assert.deepEqual(layoutOf([...files].reverse()), layoutOf(files));
  });

  it("finds the tile at a point", () => {
    const { tiles } = layoutOf(sized(180));
    tiles.forEach((tile, number) => {
      assert.equal(tileAt(tiles, tile.x, tile.y), number);
      assert.equal(tileAt(tiles, tile.x + tile.width - 0.5, tile.y + tile.height - 0.5), number);
    });
    assert.equal(tileAt(tiles, -1, 5), -1);
  });
});

describe("groups", () => {
  it("splits large folders and keeps the direct files of a split folder together", () => {
    const files = numbered([
      { path: "a/x/1", size: 500 },
      { path: "a/y/2", size: 400 },
      { path: "a/3", size: 50 },
      { path: "b/4", size: 30 },
      { path: "5", size: 20 },
    ]);
    const groups = groupsOf(folderTree(files, "")).map(({ folder, size, direct }) => [folder.path, size, direct]);
    assert.deepEqual(groups, [
      ["a/x", 500, false],
      ["a/y", 400, false],
      ["a", 50, true],
      ["b", 30, false],
      ["", 20, true],
    ]);
  });

  it("skips chains of single folders", () => {
    const files = numbered([
      { path: "src/main/java/A", size: 3 },
      { path: "doc/B", size: 1 },
    ]);
    assert.deepEqual(
      groupsOf(folderTree(files, "")).map(({ folder }) => folder.path),
      ["src/main/java", "doc"],
    );
  });
});

describe("map keys", () => {
  const layout = layoutOf(sized(180));
  const tileOf = (path: string): MapLayout["tiles"][number] => layout.tiles.find((tile) => holdsFile(tile, path))!;

  it("reaches every tile with the arrows", () => {
    const directions = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"] as const;
    const seen = new Set([0]);
    const waiting = [0];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const direction of directions) {
        const next = neighbour(layout.tiles, at, direction);
        if (!seen.has(next)) waiting.push(next);
        seen.add(next);
      }
    }
    assert.ok(seen.size >= layout.tiles.length * 0.9, `${seen.size} of ${layout.tiles.length}`);
  });

  it("zooms into the group of a tile, then its folder, then the file, and no further", () => {
    assert.equal(zoomTarget(layout, tileOf("internal/booking/hold.go"), ""), "internal/booking");
    const zoomed = layoutOf(sized(180), "internal/booking");
    const file = zoomed.tiles.find((candidate) => candidate.path === "internal/booking/hold.go")!;
    assert.equal(zoomTarget(zoomed, file, "internal/booking"), "internal/booking/hold.go");
    const symbol = { ...file, kind: "symbol", name: "Fail", lines: [1, 2] } as const;
    assert.equal(zoomTarget(zoomed, symbol, "internal/booking/hold.go"), null);
  });

  it("names tiles by their own name", () => {
    assert.equal(tileName(tileOf("internal/booking/hold.go")), "hold.go");
    assert.equal(tileName({ kind: "symbol", path: "a/b.go", name: "Fail" }), "Fail");
  });
});
