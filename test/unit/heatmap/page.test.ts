import assert from "node:assert/strict";
import { escapeJson, standaloneDataId, standalonePage } from "../../../src/shared/heatmapPage";
import type { StandaloneTrace } from "../../../src/shared/trace";
import { decodeCells, StandaloneSums, sumFiles } from "../../../src/webview/heatmap/sums";
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
    const whole = sums.summary({});
    assert.equal(whole.selections, data.answer.selections);
    assert.deepEqual(
      whole.files.map((file) => [file.path, file.selected]),
      data.answer.files.map((file) => [file.path, file.selected]),
    );
    whole.files.forEach((file, at) => assert.ok(Math.abs(file.lift - data.answer.files[at]!.lift) < 1e-9));
  });

  it("adds up exactly the chosen steps and layers", () => {
    const chosen = sums.summary({ steps: [2, 5], layers: [1, 4] });
    data.answer.files.forEach(({ path }, number) => {
      let expected = 0;
      for (const [cell, count] of cellsOf(number)) {
        const [step, layer] = [Math.floor(cell / 6), cell % 6];
        if (step >= 2 && step < 5 && layer >= 1 && layer < 4) expected += count;
      }
      assert.equal(chosen.files.find((file) => file.path === path)?.selected, expected, path);
    });
  });

  it("ranks by what was chosen, with shares of about one in all", () => {
    const { files } = sums.summary({ steps: [4, 5], layers: [3, 4] });
    files.slice(1).forEach((file, at) => assert.ok(file.selected <= files[at]!.selected));
    const share = files.reduce((sum, file) => sum + file.share, 0);
    assert.ok(Math.abs(share - 1) < 0.02, `${share}`);
  });

  it("rounds steps outwards to whole cells", () => {
    const coarse: StandaloneTrace = {
      ...data,
      stride: 4,
      sums: data.answer.files.map((_, number) => encodeCells(pooled(cellsOf(number), 4))),
    };
    const wide = new StandaloneSums(coarse).summary({ steps: [5, 6] });
    assert.deepEqual(
      wide.files.map((file) => [file.path, file.selected]),
      sums.summary({ steps: [4, 8] }).files.map((file) => [file.path, file.selected]),
    );
  });

  it("answers the question's phase from its own sums", () => {
    const question: StandaloneTrace["question"] = { ...data.question, selections: 77 };
    assert.equal(new StandaloneSums({ ...data, question }).summary({ phase: "question" }).selections, 77);
  });
});

describe("region sums", () => {
  it("has the lift of the whole for all files together", () => {
    const { answer } = traceFixture({ files: 30, layers: 6, steps: 9 });
    const region = sumFiles(answer, answer.files);
    assert.ok(Math.abs(region.lift - 1) < 1e-9 && Math.abs(region.share - 1) < 1e-9);
  });

  it("is zero, not NaN, for nothing", () => {
    const { answer } = traceFixture({ files: 3, layers: 1, steps: 1 });
    assert.deepEqual(sumFiles({ ...answer, selections: 0, selectableTokens: 0 }, []), {
      tokens: 0,
      always: 0,
      selected: 0,
      files: 0,
      share: 0,
      lift: 0,
    });
  });
});

/** Adds up neighbouring steps; 6 layers. */
function pooled(cells: ReadonlyMap<number, number>, stride: number): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const [cell, count] of cells) {
    const target = Math.floor(Math.floor(cell / 6) / stride) * 6 + (cell % 6);
    sums.set(target, (sums.get(target) ?? 0) + count);
  }
  return sums;
}
