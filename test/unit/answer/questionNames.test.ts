import assert from "node:assert/strict";
import { absentNames, codeNames, declarationSpans } from "../../../src/engine/answer/questionNames";
import { introText } from "../../../src/engine/answer/prompt";

const files = [
  {
    path: "src/a.ts",
    text: "// afterDecline is called late\nexport function afterDecline(\n  hold: Hold,\n): void {\n  hold.free();\n}\n",
  },
  { path: "lib/b.py", text: "class Parser:\n    def parse(self):\n        return 1\n\nLIMIT = 3\n" },
];

describe("names of code in a question", () => {
  it("are words in code marks, calls, and words that look like code", () => {
    assert.deepEqual(
      codeNames("Who calls `Parser.parse` or afterDecline, and is snake_case or run() used by HttpClient?"),
      ["Parser", "parse", "afterDecline", "snake_case", "run", "HttpClient"],
    );
  });

  it("are not words of prose, numbers or paths", () => {
    assert.deepEqual(
      codeNames("What does this repository do in 2024, e.g. in src/main? I don't know. JSON or HTML?"),
      [],
    );
  });

  it("are eight at most", () => {
    assert.equal(codeNames(Array.from({ length: 20 }, (_, i) => `\`name${i}\``).join(" ")).length, 8);
  });

  it("are found where they are declared, not where they are used", () => {
    assert.deepEqual(declarationSpans(["afterDecline", "parse", "missing"], files), [
      { path: "src/a.ts", startLine: 2, endLine: 6 },
      { path: "lib/b.py", startLine: 2, endLine: 3 },
    ]);
  });

  it("are shown at three places at most", () => {
    const many = Array.from({ length: 9 }, (_, i) => ({ path: `${i}.py`, text: "def handler():\n    pass\n" }));
    assert.deepEqual(
      declarationSpans(["handler"], many).map(({ path }) => path),
      ["0.py", "1.py", "2.py"],
    );
  });

  it("are absent when no text and no path has them, and the model is told", () => {
    assert.deepEqual(absentNames(["afterDecline", "GlyphBroker", "lib"], files), ["GlyphBroker"]);
    const question = { text: "", form: "ask", selection: null, mentioned: [], attached: [] } as const;
    assert.match(
      introText({ ...question, absent: ["GlyphBroker"] }, false),
      /`GlyphBroker` stands nowhere in these files/,
    );
    assert.doesNotMatch(introText({ ...question, absent: [] }, false), /nowhere/);
  });
});
