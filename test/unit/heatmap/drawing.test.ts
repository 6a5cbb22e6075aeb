import "./emptyPage";
import assert from "node:assert/strict";
import type { TraceMap, TraceSums } from "../../../src/shared/trace";
import { pointsFigure, ratioClass, ratioFigure } from "../../../src/webview/heatmap/comparing";
import { cutPath, cutText, drawMap } from "../../../src/webview/heatmap/drawing";
import { layoutMap } from "../../../src/webview/heatmap/layout";
import type { MapPalette } from "../../../src/webview/heatmap/palette";
import { toSvg } from "../../../src/webview/heatmap/svg";

const measure = (text: string): number => 6 * text.length;
const region = (path: string, size: number) => ({ kind: "file", path, size, count: 1, group: 0 }) as const;
const map: TraceMap = {
  below: "",
  level: "files",
  groups: [{ path: "", title: "/" }],
  regions: [region("<b>&\u0000\uD800.ts", 100), region("a/always.ts", 50), region("a/never.ts", 60)],
  bars: [],
};
const sums = (selected: readonly number[]): TraceSums => ({
  selections: 10,
  selectableTokens: 160,
  tokens: [100, 0, 60],
  selected,
  layersHit: [1, 0, 0],
  layersChosen: 1,
  bars: [],
  byLayer: [],
  most: [],
});
const layout = layoutMap(map, 500, 200);

describe("the map's drawing", () => {
  it("fills tiles by lift, and hatches what is always selected", () => {
    const shapes = drawMap(layout, sums([10, 0, 0]), null, measure);
    const fills = shapes.filter((shape) => shape.kind === "fill").map((shape) => shape.colour);
    // 10 of 10 selections on 100 of 160 tokens: lift 1.6.
    assert.deepEqual(
      fills.filter((colour) => typeof colour !== "string"),
      [
        { palette: "lift", level: 3 },
        { palette: "lift", level: 0 },
      ],
    );
    assert.equal(shapes.filter((shape) => shape.kind === "hatch").length, 1);
    const texts = shapes.flatMap((shape) => (shape.kind === "text" ? [shape.text] : []));
    assert.ok(texts.includes("1.6×") && texts.includes("0") && texts.includes("always.ts"), texts.join(" "));
  });

  it("says by letter which of two answers selected more", () => {
    const shapes = drawMap(layout, sums([2, 0, 8]), sums([10, 0, 0]), measure);
    const texts = shapes.flatMap((shape) => (shape.kind === "text" ? [shape.text] : []));
    assert.ok(texts.includes("B 5.0×") && texts.includes("A > 10×"), texts.join(" "));
  });

  it("keeps text inside its tile, cut between letters", () => {
    assert.equal(cutText("short", 40, measure), "short");
    assert.equal(cutText("a long name", 36, measure), "a lon…");
    assert.equal(cutText("x", 1, measure), "");
    assert.equal(cutText("👩‍👩‍👧 family name", 60, measure).startsWith("👩‍👩‍👧"), true);
    assert.equal(cutPath("packages/p28/src", 60, measure), "…/p28/src");
    assert.equal(cutPath("packages/p28/source", 30, measure), "sour…");
  });

  it("is well-formed SVG whatever the names are", () => {
    const palette = { font: `"Font & Co"`, lift: ["#000"], liftInk: ["#fff"], ratio: [], ratioInk: [] };
    const plain: MapPalette = { ...palette, background: "#000", text: "#fff", line: "#888", hatch: "#777" };
    const svg = toSvg({ shapes: drawMap(layout, sums([10, 0, 0]), null, measure), width: 500, height: 200 }, plain);
    assert.match(svg, /&lt;b&gt;&amp;/);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(svg, /<b>|\u0000|&(?!amp;|lt;|gt;|quot;)/);
    assert.doesNotMatch(svg, /\p{Surrogate}/u, "no half of a character");
  });
});

describe("two shares", () => {
  it("have a class by the ratio, and are alike when both are almost nothing", () => {
    const classes = [
      [0.1, 0.1, 0],
      [0.1, 0.05, -1],
      [0.05, 0.2, 2],
      [0, 0.2, 3],
      [0.2, 0, -3],
      [0.0001, 0, 0],
    ] as const;
    for (const [a, b, level] of classes) assert.equal(Math.abs(ratioClass(a, b) - level), 0, `${a} ${b}`);
  });

  it("have figures with a letter", () => {
    assert.equal(ratioFigure(0.1, 0.1), "");
    assert.equal(ratioFigure(0.0996, 0.0196), "A 5.0×");
    assert.equal(ratioFigure(0, 0.2), "B > 10×");
    assert.equal(pointsFigure(0.176, 0.039), "A +13.7");
    assert.equal(pointsFigure(0.1, 0.1), "0");
  });
});
