import assert from "node:assert/strict";
import { escapeJson, standaloneDataId, standalonePage } from "../../../src/shared/heatmapPage";
import type { StandaloneTrace } from "../../../src/shared/trace";
import type { PartColumns } from "../../../src/shared/traceSums";
import { decodeCells, StandaloneSums } from "../../../src/webview/heatmap/sums";
import { sumTile } from "../../../src/webview/heatmap/tileSums";
import { encodeCells, traceFixture } from "./fixture";

const nonce = Buffer.from("0123456789abcdef").toString("base64");
const hostile = `</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u2028`;

describe("self-contained page", () => {
  const data = traceFixture({ files: 5, layers: 2, steps: 3 });
  const poisoned: StandaloneTrace = { ...data, answer: { ...data.answer, question: hostile, model: hostile } };
  const page = standalonePage({
    title: hostile,
    data: poisoned,
    script: `const a = "</script>";`,
    css: "b{}</style>",
    nonce,
  });

  it("keeps the data inert and whole", () => {
    const json = new RegExp(`<script type="application/json" id="${standaloneDataId}">(.*?)</script>`, "s").exec(
      page,
    )?.[1];
    assert.deepEqual(JSON.parse(json ?? ""), poisoned);
    assert.ok(!json?.includes("<"));
  });

  it("has exactly its own scripts, and no markup from data", () => {
    assert.equal(page.match(/<script/g)?.length, 2);
    assert.equal(page.match(/<\/script>/g)?.length, 2);
    assert.equal(page.match(/<\/style>/g)?.length, 1);
    assert.ok(!page.includes("<img"));
  });

  it("lets nothing run or load without the nonce", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
    assert.equal(
      policy,
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'`,
    );
    assert.ok(!/\bsrc=|\bhref=|url\(/.test(page.replace(/&lt;.*?&gt;/g, "").replace(/"answer":.*/, "")));
  });

  it("leaves out references to source maps", () => {
    const script = "run();\n//# sourceMappingURL=heatmap.js.map\n";
    const css = "b{}\n/*# sourceMappingURL=heatmap.css.map */";
    assert.ok(!standalonePage({ title: "", data, script, css, nonce }).includes("sourceMappingURL"));
  });

  it("refuses a nonce that could leave its attribute or be guessed", () => {
    for (const bad of ["", "short", `${nonce}"><script>`, "a b c d e f g h i j k l m n"]) {
      assert.throws(() => standalonePage({ title: "", data, script: "", css: "", nonce: bad }), RangeError);
    }
  });

  it("escapes JSON so that it parses back", () => assert.equal(JSON.parse(escapeJson(hostile)), hostile));
});

describe("sums without an engine", () => {
  const data = traceFixture({ files: 30, layers: 6, steps: 9 });
  const sums = new StandaloneSums(data);
  const cellsOf = (number: number): ReadonlyMap<number, number> => {
    const list = decodeCells(data.sums[number]!);
    return new Map(Array.from({ length: list.length / 2 }, (_, at) => [list[2 * at]!, list[2 * at + 1]!]));
  };

  it("decodes what was coded, large numbers too", () => {
    const cells = new Map([
      [0, 1],
      [127, 128],
      [128, 5],
      [70_000, 3_000_000],
    ]);
    assert.deepEqual([...decodeCells(encodeCells(cells))], [...cells].flat());
    assert.deepEqual([...decodeCells("")], []);
  });

  it("gives the whole answer for no query", () => {
    const whole = sums.columns({});
    assert.equal(whole.selections, data.answer.selections);
    assert.deepEqual(
      selectedOf(whole),
      data.answer.files.map((file) => file.selected),
    );
  });

  it("adds up exactly the chosen steps and layers", () => {
    const chosen = sums.columns({ steps: [2, 5], layers: [1, 4] });
    data.answer.files.forEach(({ path }, number) => {
      let expected = 0;
      for (const [cell, count] of cellsOf(number)) {
        const [step, layer] = [Math.floor(cell / 6), cell % 6];
        if (step >= 2 && step < 5 && layer >= 1 && layer < 4) expected += count;
      }
      assert.equal(chosen.selected[number], expected, path);
    });
    const share = selectedOf(chosen).reduce((sum, count) => sum + count, 0) / chosen.selections;
    assert.ok(Math.abs(share - 1) < 0.02, `${share}`);
  });

  it("rounds steps outwards to whole cells", () => {
    const coarse: StandaloneTrace = {
      ...data,
      stride: 4,
      sums: data.answer.files.map((_, number) => encodeCells(pooled(cellsOf(number), 4))),
    };
    const wide = new StandaloneSums(coarse).columns({ steps: [5, 6] });
    assert.deepEqual(selectedOf(wide), selectedOf(sums.columns({ steps: [4, 8] })));
  });

  it("answers the question's phase from its own sums, by path", () => {
    const question: StandaloneTrace["question"] = { ...data.question, selections: 77 };
    const reading = new StandaloneSums({ ...data, question }).columns({ phase: "question" });
    assert.equal(reading.selections, 77);
    data.answer.files.forEach(({ path }, number) => {
      assert.equal(reading.selected[number], question.files.find((file) => file.path === path)?.selected, path);
    });
  });
});

describe("sums of a tile", () => {
  const sums = { selections: 8, selectableTokens: 40, tokens: [10, 30, 0], selected: [2, 6, 0], layersHit: [1, 3, 0] };
  const whole = { ...sums, layersChosen: 4, bars: [], byLayer: [], most: [] };

  it("has the lift of the whole for all regions together", () => {
    const { share, lift, layersHit, always } = sumTile({ size: 50, regions: [0, 1, 2] }, whole);
    assert.deepEqual([share, lift, layersHit, always], [1, 1, 3, 10]);
  });

  it("is zero, not NaN, for nothing", () => {
    const { share, lift } = sumTile({ size: 0, regions: [] }, { ...whole, selections: 0, selectableTokens: 0 });
    assert.deepEqual([share, lift], [0, 0]);
  });
});

/** Selections by file, in the order of the answer's files. */
const selectedOf = ({ selected, stride }: PartColumns): number[] =>
  Array.from({ length: stride }, (_, file) => selected[file] ?? 0);

/** Adds up neighbouring steps; 6 layers. */
function pooled(cells: ReadonlyMap<number, number>, stride: number): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const [cell, count] of cells) {
    const target = Math.floor(Math.floor(cell / 6) / stride) * 6 + (cell % 6);
    sums.set(target, (sums.get(target) ?? 0) + count);
  }
  return sums;
}
