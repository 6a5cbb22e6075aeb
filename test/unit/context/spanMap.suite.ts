import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { tokenOffsets } from "../../../src/engine/context/offsets";
import { Outlines } from "../../../src/engine/context/outlines";
import { packContext } from "../../../src/engine/context/pack";
import { planContext } from "../../../src/engine/context/plan";
import { TokenCache } from "../../../src/engine/context/tokens";
import type { PackedContext, PackedFile, Tokenizer } from "../../../src/engine/context/types";
import { Symbols } from "../../../src/engine/symbols/symbols";
import { countLines, lineStarts } from "../../../src/shared/lines";
import { hardTexts, snapshotOfTexts } from "./workspace";

async function pack(
  texts: Readonly<Record<string, string>>,
  tokenizer: Tokenizer,
  outlines: Outlines | null = null,
): Promise<PackedContext> {
  const { snapshot, read } = snapshotOfTexts(texts);
  const tokens = new TokenCache(tokenizer, null);
  const plan = await planContext({ snapshot, budget: 1_000_000, read, tokens });
  const outlined = plan.documents.map(async (entry) => {
    const outline = outlines === null ? undefined : await outlines.outline(entry.document, await read(entry.document));
    return outline === undefined ? entry : { ...entry, outline: true };
  });
  const documents = await Promise.all(outlined);
  const frame = tokenizer.tokenize("You know one repository.\n");
  return packContext({ plan: { ...plan, documents }, frame, read, tokens, outlines });
}

/** Source files of this repository. */
function ownSources(): Record<string, string> {
  const sources: Record<string, string> = {};
  const folder = path.join(import.meta.dirname, "../../../src/engine/context");
  for (const name of readdirSync(folder)) sources[`src/${name}`] = readFileSync(path.join(folder, name), "utf8");
  return sources;
}

/** Declarations that are hard on places: among text of several bytes a character, at odd line ends, with very long lines. */
const hardDeclarations: Readonly<Record<string, string>> = {
  "emoji.ts": `// 🚀 starts\r\nexport function start🚀() {}\r\n${"/* 👩‍👩‍👧‍👦 */ x;\r\n".repeat(40)}class Größe {\r\n  日本(): void {}\r\n}`,
  "wide.py": `def wide(${Array.from({ length: 90 }, (_, i) => `名${i}`).join(", ")}):\n    """日本語の説明。"""\n${"    pass\n".repeat(50)}`,
  "mac.js": `function one() {\r${"  work();\r".repeat(30)}}\rfunction two() {\r${"  work();\r".repeat(30)}}`,
};

/** What must hold of every span map, whatever the tokenizer; the tests that use a tokenizer are made from it. */
export function describeSpanMap(getTokenizer: () => Tokenizer): void {
  let packed: PackedContext;

  before(async () => {
    packed = await pack({ ...hardTexts, ...ownSources() }, getTokenizer());
  });

  const each = (check: (file: PackedFile) => void): void => packed.files.forEach(check);

  it("covers each text: spans in order, without gap or overlap but inside a character", () => {
    each(({ document, text, offsets, start, count }) => {
      assert.equal(offsets.length, count + 1, document.path);
      assert.equal(offsets.at(-1), text.length, document.path);
      if (count > 0) assert.equal(offsets[0], 0, document.path);
      for (let i = 1; i <= count; i++) assert.ok(offsets[i - 1]! <= offsets[i]!, document.path);
      let rebuilt = "";
      for (let token = start, seen = -1; token < start + count; token++) {
        const offset = offsets[token - start]!;
        if (offset === seen) continue;
        seen = offset;
        const place = packed.spans.place(token)!;
        rebuilt += text.slice(offset, offset + place.length);
      }
      assert.equal(rebuilt, text, document.path);
    });
  });

  it("gives each token the place where its own text stands", () => {
    const tokenizer = getTokenizer();
    each(({ document, text, start, count }) => {
      const starts = lineStarts(text);
      for (let token = start; token < start + count; token++) {
        const place = packed.spans.place(token);
        assert.ok(place, document.path);
        assert.equal(place.document, document);
        const offset = starts[place.line - 1]! + place.column;
        const end = starts[place.line] ?? text.length + 1;
        assert.ok(offset < end || offset === text.length, `${document.path}: ${place.line}:${place.column}`);
        const piece = tokenizer.piece(packed.tokens[token]!);
        if (piece !== null) assert.equal(text.slice(offset, offset + place.length), piece, document.path);
      }
    });
  });

  it("never cuts a character of several UTF-16 units", () => {
    each(({ document, text, offsets }) => {
      for (const offset of offsets) {
        const unit = text.charCodeAt(offset);
        assert.ok(!(unit >= 0xdc00 && unit <= 0xdfff), `${document.path} at ${offset}`);
      }
    });
  });

  it("finds the tokens of lines, and from them the lines", () => {
    each(({ document, text, start, count }) => {
      const lines = lineStarts(text).length;
      for (let line = 1; line <= lines; line++) {
        const [from, to] = packed.spans.tokensOf(document.path, line, line)!;
        assert.ok(start <= from && from <= to && to <= start + count);
        for (let token = start; token < start + count; token++) {
          const place = packed.spans.place(token)!;
          if (place.line === line) assert.ok(from <= token && token < to, `${document.path}:${line}`);
          // A token inside the interval starts on the line or reaches into it.
          if (from <= token && token < to) assert.ok(place.line <= line, `${document.path}:${line}`);
        }
      }
      const whole = packed.spans.tokensOf(document.path, 1, lines);
      assert.deepEqual(whole, packed.spans.fileOf(document.path));
      assert.deepEqual(whole, [start, start + count]);
    });
  });

  describe("of outlines", () => {
    let outlined: PackedContext;

    before(async () => {
      const symbols = new Symbols();
      outlined = await pack({ ...hardDeclarations, ...ownSources() }, getTokenizer(), new Outlines(symbols));
      await symbols.dispose();
    });

    const partsOf = (file: PackedFile): readonly (readonly [number, number])[] => file.parts ?? [[0, file.text.length]];

    it("gives each token the line and column in the file where its text begins", () => {
      assert.ok(outlined.files.filter(({ parts }) => parts !== null).length >= 10);
      for (const file of outlined.files) {
        const { document, text, start, count } = file;
        // Character by character: where in the file each stands.
        const origin = partsOf(file).flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
        const inContext = partsOf(file)
          .map(([from, to]) => text.slice(from, to))
          .join("");
        const tokens = outlined.tokens.subarray(start, start + count);
        const offsets = tokenOffsets(inContext, tokens, getTokenizer());
        const starts = lineStarts(text);
        for (let index = 0; index < count; index++) {
          const place = outlined.spans.place(start + index)!;
          const offset = starts[place.line - 1]! + place.column;
          assert.equal(offset, origin[offsets[index]!], `${document.path}, token ${index}`);
          assert.ok(place.length > 0);
          const piece = getTokenizer().piece(tokens[index]!);
          if (piece !== null) assert.ok(piece.startsWith(text.slice(offset, offset + place.length)), document.path);
          assert.ok(
            partsOf(file).some(([from, to]) => from <= offset && offset + place.length <= to),
            document.path,
          );
        }
      }
    });

    it("finds the tokens of declared lines, and none of what is left out", () => {
      for (const file of outlined.files) {
        const starts = lineStarts(file.text);
        for (let line = 1; line <= starts.length; line++) {
          const [from, to] = outlined.spans.tokensOf(file.document.path, line, line)!;
          assert.ok(file.start <= from && from <= to && to <= file.start + file.count);
          const [begin, end] = [starts[line - 1]!, starts[line] ?? file.text.length];
          const there = partsOf(file).some(([first, last]) => first < end && begin < last);
          if (!there) assert.equal(from, to, `${file.document.path}:${line}`);
          for (let token = from; token < to; token++) assert.ok(outlined.spans.place(token)!.line <= line);
        }
        const every = outlined.spans.tokensOf(file.document.path, 1, starts.length);
        assert.deepEqual(every, outlined.spans.fileOf(file.document.path));
      }
    });

    it("keeps whole text for citations, and says in the heading that only declarations are in", () => {
      const file = outlined.files.find(({ document }) => document.path === "src/plan.ts")!;
      assert.match(file.text, /if \(included\.length === 0\)/);
      const unit = outlined.segments.filter(({ document }) => document === file.document);
      const first = outlined.tokens.subarray(unit[0]!.start, file.start + file.count);
      const shown = getTokenizer().detokenize(first);
      assert.match(shown, /^### src\/plan\.ts \(declarations only, of \d+ lines\)\n```typescript\n/);
      assert.match(shown, /^export async function planContext\(options: PlanOptions\): Promise<Plan> \{$/m);
      assert.doesNotMatch(shown, /if \(included\.length/);
      assert.ok(file.count < getTokenizer().tokenize(file.text).length * 0.65);
    });
  });

  it("has no place outside of file text, and no tokens for what is not there", () => {
    for (const { kind, start, count } of packed.segments) {
      if (kind === "file") continue;
      for (let token = start; token < start + count; token++) assert.equal(packed.spans.place(token), null);
    }
    assert.equal(packed.spans.place(-1), null);
    assert.equal(packed.spans.place(packed.tokens.length), null);
    assert.equal(packed.spans.tokensOf("no/such.ts", 1, 1), null);
    assert.equal(packed.spans.fileOf("no/such.ts"), null);
    const [, end] = packed.spans.fileOf("plain.ts")!;
    assert.deepEqual(packed.spans.tokensOf("plain.ts", 99, 120), [end, end]);
  });

  it("detokenizes to frame, map, headings and texts, with markers of special tokens as text", () => {
    const tokenizer = getTokenizer();
    let expected = "You know one repository.\n" + packed.plan.map;
    each(({ document, text }) => {
      const count = countLines(text);
      let fence = "```";
      while (text.includes(fence)) fence += "`";
      const language = document.languageId === "plaintext" ? "" : document.languageId;
      const end = text === "" || /[\r\n]$/.test(text) ? "" : "\n";
      const heading = `### ${document.path} (${count} ${count === 1 ? "line" : "lines"})`;
      expected += `${heading}\n${fence}${language}\n${text}${end}${fence}\n\n`;
    });
    const text = packed.segments
      .map(({ start, count }) => tokenizer.detokenize(packed.tokens.subarray(start, start + count)))
      .join("");
    assert.ok(text === expected, firstDifference(text, expected));
  });

  it("puts the segments side by side", () => {
    let at = 0;
    for (const { start, count } of packed.segments) {
      assert.equal(start, at);
      at += count;
    }
    assert.equal(at, packed.tokens.length);
    assert.equal(packed.plan.tokens, at - packed.segments[0]!.count - packed.plan.mapTokens);
  });
}

function firstDifference(actual: string, expected: string): string {
  let at = 0;
  while (at < actual.length && actual[at] === expected[at]) at++;
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40));
  return `at ${at}: ${around(actual)} instead of ${around(expected)}`;
}
