import assert from "node:assert/strict";
import { layoutMap, mapLimits, tileName, type MapLayout, type Rectangle } from "../../../src/webview/heatmap/layout";
import { neighbour, zoomTarget } from "../../../src/webview/heatmap/mapKeys";
import { folderTree, groupsOf, type SizedFile } from "../../../src/webview/heatmap/tree";
import { seeded, traceFixture } from "./fixture";

const width = 716;
const height = 310;

const sized = (count: number): readonly SizedFile[] =>
  traceFixture({ files: count, steps: 1, layers: 1 }).answer.files.map(({ path, tokens, always }) => ({
    path,
    size: tokens + always,
  }));

/** A deep tree with many small files, as monorepos have. */
function monorepo(count: number): readonly SizedFile[] {
  const random = seeded(7);
  return Array.from({ length: count }, (_, number) => ({
    path: `packages/p${number % 37}/src/${"abcdef"[number % 6]}/m${number % 11}/file${number}.ts`,
    size: 1 + Math.floor(2000 * random() ** 4),
  }));
}

const area = (rectangle: Rectangle): number => rectangle.width * rectangle.height;
const total = (files: readonly { readonly size: number }[]): number => files.reduce((sum, file) => sum + file.size, 0);

function assertSound(layout: MapLayout, files: readonly SizedFile[]): void {
  assert.ok(layout.tiles.length <= mapLimits.tiles, `${layout.tiles.length} tiles`);
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
  }
  const overlap = (a: Rectangle, b: Rectangle): boolean =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  layout.tiles.forEach((a, at) =>
    layout.tiles.slice(at + 1).forEach((b) => assert.ok(!overlap(a, b), `${a.path} overlaps ${b.path}`)),
  );
  const shown = layout.tiles.flatMap((tile) => tile.files);
  assert.equal(new Set(shown).size, shown.length, "no file is in two tiles");
  const sizes = new Map(files.map((file) => [file.path, file.size]));
  for (const tile of layout.tiles)
    assert.equal(
      tile.size,
      tile.files.reduce((sum, path) => sum + sizes.get(path)!, 0),
    );
}

describe("map layout", () => {
  it("gives areas that are proportional to tokens, without overlap", () => {
    const files = sized(180);
    const layout = layoutMap(files, "", width, height);
    assertSound(layout, files);
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
    const shown = layoutMap(files, "", width, height).tiles;
    assert.ok(total(shown) > 0.98 * total(files), `${total(shown)} of ${total(files)}`);
  });

  for (const count of [1, 2, 1500, 20_000]) {
    it(`stays within its limits with ${count} files`, () => {
      const files = monorepo(count);
      assertSound(layoutMap(files, "", width, height), files);
    });
  }

  it("joins small files of a flat folder as n more", () => {
    const files = Array.from({ length: 3000 }, (_, number) => ({
      path: `src/f${number}.c`,
      size: number < 5 ? 50_000 : 3,
    }));
    const layout = layoutMap(files, "", width, height);
    assertSound(layout, files);
    const more = layout.tiles.filter((tile) => tile.kind === "more");
    assert.equal(more.length, 1);
    assert.equal(
      layout.tiles.reduce((sum, tile) => sum + tile.files.length, 0),
      3000,
    );
  });

  it("draws what lies below the zoomed folder, and nothing else", () => {
    const files = sized(180);
    const layout = layoutMap(files, "internal/booking", width, height);
    assert.ok(layout.tiles.length > 3);
    for (const path of layout.tiles.flatMap((tile) => tile.files))
      assert.ok(path.startsWith("internal/booking/"), path);
  });

  it("is empty for no files, no tokens and no room", () => {
    assert.deepEqual(layoutMap([], "", width, height).tiles, []);
    assert.deepEqual(layoutMap([{ path: "a", size: 0 }], "", width, height).tiles, []);
    assert.deepEqual(layoutMap(sized(10), "", 0, 0).tiles, []);
    assert.deepEqual(layoutMap(sized(10), "no/such/folder", width, height).tiles, []);
  });

  it("does not depend on the order of the files", () => {
    const files = sized(180);
    assert.deepEqual(layoutMap([...files].reverse(), "", width, height), layoutMap(files, "", width, height));
  });
});

describe("groups", () => {
  it("splits large folders and keeps the direct files of a split folder together", () => {
    const files = [
      { path: "a/x/1", size: 500 },
      { path: "a/y/2", size: 400 },
      { path: "a/3", size: 50 },
      { path: "b/4", size: 30 },
      { path: "5", size: 20 },
    ];
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
    const groups = groupsOf(
      folderTree(
        [
          { path: "src/main/java/A", size: 3 },
          { path: "doc/B", size: 1 },
        ],
        "",
      ),
    );
    assert.deepEqual(
      groups.map(({ folder }) => folder.path),
      ["src/main/java", "doc"],
    );
  });
});

describe("map keys", () => {
  const layout = layoutMap(sized(180), "", width, height);
  const tileOf = (path: string): MapLayout["tiles"][number] => layout.tiles.find((tile) => tile.files.includes(path))!;

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

  it("zooms into the group of a tile, then no further than its folder", () => {
    const tile = tileOf("internal/booking/hold.go");
    assert.equal(zoomTarget(layout, tile, ""), "internal/booking");
    const zoomed = layoutMap(sized(180), "internal/booking", width, height);
    const inside = zoomed.tiles.find((candidate) => candidate.path === "internal/booking/hold.go")!;
    assert.equal(zoomTarget(zoomed, inside, "internal/booking"), null);
  });

  it("names tiles by their own name", () => assert.equal(tileName(tileOf("internal/booking/hold.go")), "hold.go"));
});
