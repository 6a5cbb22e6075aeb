import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sha256 } from "../../../src/engine/disk";
import { grammarFiles, grammarOf, languagesWithSymbols } from "../../../src/engine/symbols/grammars";
import { Symbols } from "../../../src/engine/symbols/symbols";
import type { Declaration } from "../../../src/engine/symbols/types";
import { languageOf } from "../../../src/engine/workspace/languages";
import { root } from "../../helpers/paths.mjs";
import { run } from "../../helpers/steps.mjs";

const SAMPLES = path.join(root, "test/unit/symbols/samples");

/** `class Outer.name 3-9, heading to 4, local` */
function describeSymbol({ kind, parent, name, startLine, endLine, headingEndLine, local }: Declaration): string {
  const heading = headingEndLine === startLine ? "" : `, heading to ${headingEndLine}`;
  return `${kind} ${parent === null ? "" : `${parent}.`}${name} ${startLine}-${endLine}${heading}${local ? ", local" : ""}`;
}

describe("Symbols", function () {
  this.timeout(60_000);
  const symbols = new Symbols({
    onProblem: (message, error) => {
      throw new Error(message, { cause: error });
    },
  });
  const of = (languageId: string, text: string): Promise<readonly Declaration[]> =>
    symbols.symbolsOf(languageId, text, sha256(text));
  after(() => symbols.dispose());

  const expected = JSON.parse(readFileSync(path.join(SAMPLES, "expected.json"), "utf8")) as Record<string, string[]>;
  for (const file of readdirSync(SAMPLES).filter((name) => name.endsWith(".txt"))) {
    const name = file.replace(/\.txt$/, "");
    it(`finds the declarations of ${name}`, async () => {
      const found = await of(languageOf(name), readFileSync(path.join(SAMPLES, file), "utf8"));
      assert.deepEqual(found.map(describeSymbol), expected[name]);
    });
  }

  it("has a sample for each grammar, and a grammar that loads for each language", async () => {
    const sampled = new Set(Object.keys(expected).map((name) => grammarOf(languageOf(name))?.name));
    for (const languageId of languagesWithSymbols) {
      const grammar = grammarOf(languageId)!;
      assert.ok(sampled.has(grammar.name), `no sample for ${grammar.name}`);
      assert.ok(existsSync(grammarFiles().grammar(grammar.name)));
      assert.deepEqual(await of(languageId, ""), []);
    }
  });

  it("never throws for odd text, whatever the language", async () => {
    const odd = [
      "\0\0\0",
      "\ud800 half a character",
      "((((".repeat(2000),
      "}".repeat(5000),
      "class ".repeat(3000),
      "<?php <?php ?>\r\r\r\n",
      "é".repeat(10_000),
      readFileSync(path.join(root, "media/icon.png")).toString("latin1"),
    ];
    const hasty = new Symbols({ maxMs: 100 });
    for (const languageId of languagesWithSymbols) {
      for (const text of odd) assert.ok(Array.isArray(await hasty.symbolsOf(languageId, text, sha256(text))));
    }
    await hasty.dispose();
    assert.equal((await of("typescript", "export class Fine {}\n")).length, 1);
  });

  it("keeps what it recognises beside errors", async () => {
    const found = await of("typescript", "function good() {}\n@@@ ??? {{{\nfunction also() {}\n");
    assert.ok(found.some(({ name }) => name === "good"));
  });

  it("gives nothing for a language without a grammar, and counts lines of any line end", async () => {
    assert.deepEqual(await of("plaintext", "class A {}"), []);
    assert.equal(symbols.knows("cobol"), false);
    const found = await of("typescript", "const a = 1;\r\nfunction b() {\r\n}\r\n");
    assert.deepEqual(found.map(describeSymbol), ["variable a 1-1", "function b 2-3"]);
  });

  it("looks at the beginning of a very long text only", async () => {
    const line = "export function short() { return 1; }\n";
    const patient = new Symbols({ maxMs: 60_000 });
    const text = line.repeat(40_000);
    const found = await patient.symbolsOf("javascript", text, sha256(text));
    await patient.dispose();
    assert.ok(found.length > 20_000 && found.length < 40_000, `${found.length} symbols`);
  });

  it("gives nothing for a text that takes too long, and is well afterwards", async () => {
    const hasty = new Symbols({ maxMs: -1 });
    const text = "export function a() {}\n".repeat(5000);
    assert.deepEqual(await hasty.symbolsOf("typescript", text, sha256(text)), []);
    await hasty.dispose();
    assert.ok((await of("typescript", text)).length > 0);
  });

  it("parses a text once, and forgets the least recently used", async () => {
    const small = new Symbols({ maxKept: 4 });
    await small.symbolsOf("go", "package a\nfunc A() {}\n", "a");
    await small.symbolsOf("go", "package b\nfunc B() {}\n", "b");
    assert.equal(small.known("go", "a")?.length, 1);
    // The hash stands for the text.
    assert.equal((await small.symbolsOf("go", "", "a")).length, 1);
    await small.symbolsOf("go", "package c\nfunc C() {}\n", "c");
    assert.equal(small.known("go", "b"), null);
    assert.equal(small.known("go", "a")?.length, 1);
    await small.dispose();
  });

  it("frees every tree: memory does not grow with the number of texts", async () => {
    const text = readFileSync(path.join(SAMPLES, "sample.ts.txt"), "utf8").repeat(50);
    const parse = async (times: number): Promise<number> => {
      const fresh = new Symbols({ maxKept: 1 });
      for (let i = 0; i < times; i++) await fresh.symbolsOf("typescript", text, String(i));
      await fresh.dispose();
      return process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    };
    const before = await parse(5);
    const after = await parse(100);
    assert.ok(after - before < 32 * 2 ** 20, `grew by ${((after - before) / 2 ** 20).toFixed(0)} MiB`);
  });

  it("says when a grammar is missing, and gives no symbols", async () => {
    const problems: string[] = [];
    const broken = new Symbols({
      files: { ...grammarFiles(), grammar: () => "/nowhere/tree-sitter-go.wasm" },
      onProblem: (message) => problems.push(message),
    });
    assert.deepEqual(await broken.symbolsOf("go", "func A() {}", "a"), []);
    assert.deepEqual(await broken.symbolsOf("go", "func B() {}", "b"), []);
    assert.deepEqual(problems, ["the grammar go cannot be used"]);
    await broken.dispose();
  });

  it("finds its grammars beside the bundle", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "longsight-bundle-"));
    try {
      await run(process.execPath, ["esbuild.js", "--outdir", folder]);
      for (const languageId of languagesWithSymbols) {
        assert.ok(existsSync(path.join(folder, "grammars", `tree-sitter-${grammarOf(languageId)!.name}.wasm`)));
      }
      assert.ok(existsSync(path.join(folder, "grammars/web-tree-sitter.wasm")));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
