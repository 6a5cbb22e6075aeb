import assert from "node:assert/strict";
import {
  contrast,
  countClass,
  countLabels,
  formatColour,
  fromOklch,
  liftPalette,
  parseColour,
  toOklch,
  type Rgb,
  type ThemeColours,
  type ThemeKind,
} from "../../../src/webview/heatmap/colour";
import { liftClass } from "../../../src/webview/common/liftClass";

const rgb = (text: string): Rgb => parseColour(text) ?? assert.fail(`${text} is no colour`);

function theme(background: string, foreground: string, ...charts: [string, string, string, string]): ThemeColours {
  const [purple, red, orange, yellow] = charts.map(rgb) as [Rgb, Rgb, Rgb, Rgb];
  return {
    background: rgb(background),
    foreground: rgb(foreground),
    charts: { purple, red, orange, yellow, blue: rgb("#3794ff") },
  };
}

/** Editor and chart colours of VS Code's default themes. */
const themes: readonly (readonly [name: string, kind: ThemeKind, colours: ThemeColours])[] = [
  ["Dark Modern", "dark", theme("#1f1f1f", "#cccccc", "#b180d7", "#f14c4c", "#d18616", "#cca700")],
  ["Light Modern", "light", theme("#ffffff", "#3b3b3b", "#652d90", "#e51400", "#d18616", "#bf8803")],
  ["Dark High Contrast", "highContrast", theme("#000000", "#ffffff", "#b180d7", "#f48771", "#d18616", "#ffd370")],
  ["Light High Contrast", "highContrastLight", theme("#ffffff", "#292929", "#652d90", "#b5200d", "#d18616", "#895503")],
];

describe("lift palette", () => {
  for (const [name, kind, colours] of themes) {
    it(`moves further from the background with every class in ${name}`, () => {
      const [start] = toOklch(colours.background);
      const distances = liftPalette(kind, colours).map(({ fill }) => Math.abs(toOklch(fill)[0] - start));
      assert.equal(distances.length, 7);
      distances.forEach((distance, level) => {
        if (level > 0) assert.ok(distance > distances[level - 1]! + 0.025, `class ${level}: ${distances.join(" ")}`);
      });
    });

    it(`has text of at least 4.5 : 1 on every class in ${name}`, () => {
      for (const { fill, ink } of liftPalette(kind, colours)) {
        assert.ok(contrast(fill, ink) >= 4.5, `${formatColour(ink)} on ${formatColour(fill)}: ${contrast(fill, ink)}`);
      }
    });
  }

  it("takes fixed hues where the theme's chart colours are grey or missing", () => {
    const grey = rgb("#8a8a8c");
    const colours: ThemeColours = {
      background: rgb("#1f1f1f"),
      foreground: rgb("#cccccc"),
      charts: { purple: grey, red: grey, orange: grey, yellow: null, blue: grey },
    };
    const hues = liftPalette("dark", colours)
      .slice(3)
      .map(({ fill }) => toOklch(fill)[2]);
    [305, 27, 65, 90].forEach((hue, at) => assert.ok(Math.abs(hues[at]! - hue) < 3, hues.join(" ")));
  });

  it("takes the hues of the theme", () => {
    const colours = theme("#1f1f1f", "#cccccc", "#00a0ff", "#00ff90", "#ff00c8", "#00ffff");
    const palette = liftPalette("dark", colours);
    const wanted = [colours.charts.purple, colours.charts.red, colours.charts.orange, colours.charts.yellow];
    wanted.forEach((source, at) => {
      const difference = Math.abs(toOklch(source!)[2] - toOklch(palette[at + 3]!.fill)[2]);
      assert.ok(Math.min(difference, 360 - difference) < 3, `class ${at + 3}`);
    });
  });
});

describe("colours", () => {
  it("reads what themes write", () => {
    assert.deepEqual(rgb("#f00"), [1, 0, 0]);
    assert.deepEqual(rgb(" #0000FF80 "), [0, 0, 1]);
    assert.deepEqual(rgb("rgba(255, 0, 0, 0.5)"), [1, 0, 0]);
    assert.equal(parseColour("transparent"), null);
    assert.equal(parseColour(""), null);
  });

  it("goes to OKLCH and back", () => {
    for (const text of ["#000000", "#ffffff", "#b180d7", "#123456"])
      assert.equal(formatColour(fromOklch(toOklch(rgb(text)))), text);
  });

  it("lowers chroma, not lightness, where sRGB ends", () => {
    const [lightness, chroma] = toOklch(fromOklch([0.91, 0.4, 90]));
    assert.ok(Math.abs(lightness - 0.91) < 0.005);
    assert.ok(chroma < 0.3);
  });

  it("knows the contrast of black on white", () => assert.ok(Math.abs(contrast([0, 0, 0], [1, 1, 1]) - 21) < 1e-9));
});

describe("classes", () => {
  it("has borders at 0, ½, 1, 2, 4 and 8 of the figure that is shown", () => {
    const lifts = [0, 0.01, 0.44, 0.5, 0.94, 0.96, 1.94, 2, 3.94, 3.96, 7.94, 7.96, 1000];
    assert.deepEqual(lifts.map(liftClass), [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
    assert.equal(liftClass(Number.NaN), 0);
  });

  it("divides eight layers as the legend says", () => {
    assert.deepEqual(countLabels(8), ["0", "1", "2", "3–4", "5", "6", "7–8"]);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((value) => countClass(value, 8)),
      [0, 1, 2, 3, 3, 4, 5, 6, 6],
    );
  });

  it("leaves out classes that no count has", () => {
    assert.deepEqual(countLabels(1), ["0", null, null, null, null, null, "1"]);
    assert.deepEqual(countLabels(2), ["0", null, null, "1", null, null, "2"]);
  });

  for (const maxCount of [1, 2, 5, 8, 28, 64, 65, 100, 4144]) {
    it(`labels every count up to ${maxCount} with the class that it gets`, () => {
      const labels = countLabels(maxCount);
      for (let value = 1; value <= maxCount; value++) {
        const [from, to] = (labels[countClass(value, maxCount)] ?? "").split("–").map(Number);
        assert.ok(from !== undefined && value >= from && value <= (to ?? from), `${value} of ${maxCount}`);
      }
    });
  }
});
