import assert from "node:assert/strict";
import MarkdownIt from "markdown-it";
import { safeMarkdown, toMarkdown } from "../../../src/engine/conversations/markdown";
import type { KeptConversation } from "../../../src/shared/conversation";
import { answerOf, askedOf } from "./turns";

/** The most that a reader could make of it. */
const reader = new MarkdownIt({ html: true, linkify: false });

const conversation = (question: string, answer: string, path = "src/a.ts"): KeptConversation => {
  const citation = { path, uri: "file:///w/a", startLine: 3, endLine: 5, origin: "written", mention: null } as const;
  const turn = { ...askedOf(question), error: null };
  return {
    id: "a",
    title: "About *tides*",
    created: "2026-01-01T00:00:00.000Z",
    updated: "2026-01-01T00:00:00.000Z",
    turns: [
      { ...turn, answer: answerOf(answer, { citations: [citation, citation], model: "qwen" }) },
      { ...askedOf("Second?"), answer: null, error: { code: "LS-900", message: "Cancelled.", wayOut: "" } },
    ],
  };
};

describe("a conversation as Markdown", () => {
  it("has questions, answers, sources with lines, the time of the files and the model", () => {
    const text = toMarkdown(conversation("Where?", "In `a.ts`:\n\n```ts\nconst a = [1] && 2;\n```"));
    assert.match(text, /^# About \\\*tides\\\*\n/);
    assert.match(text, /## Question 1\n\nWhere\?\n/);
    assert.match(text, /In `a\.ts`:\n\n```ts\nconst a = \[1\] && 2;\n```\n/);
    assert.match(text, /Sources:\n\n- `src\/a\.ts:3-5`\n\n/);
    assert.match(text, /files as of 2026-01-01T00:00:00\.000Z · model `qwen`/);
    assert.match(text, /## Question 2\n\nSecond\?\n\n_Not answered: Cancelled\. \(LS-900\)_/);
  });

  const hostile = [
    "<img src=http://evil/x>",
    "![x](http://evil/x) [y](http://evil/y)",
    "[z]: http://evil/z\n\n[z]",
    "```\n<script>\n",
    "````\n```\n<b>\n```\n# Title\n",
    "```js\na\n```js\n<b>\n```\n<b>",
    "a ` b\n\n` <b> `",
    "a ` b\n` <b> ` c",
    "\\`<b>`",
    "\\\\`<b>` `` ` `` <b>",
    "~~~ info string\n<b>\n~~~",
    "  ~~~\n<b>\n",
    "1. item\n    ```py\n    x\n    ```\n<b>",
    "&lt;b&gt;",
    "# Question 9\n\nQuestion 10\n=\n\nQuestion 11\n---",
    "> ```\n> <b>",
    "\u2028```\r<b>\r```",
    "<!-- hidden",
  ];
  for (const text of hostile) {
    it(`keeps ${JSON.stringify(text)} inside its answer`, () => {
      const html = reader.render(toMarkdown(conversation(text, text, "a`b\n# x.ts")));
      const tags = new Set([...html.matchAll(/<\/?([a-z0-9]+)/g)].map((match) => match[1]));
      for (const tag of ["img", "script", "a", "b"]) assert.ok(!tags.has(tag), `${tag} in ${html}`);
      assert.ok(!html.includes("<!--"), html);
      assert.equal([...html.matchAll(/<h1>/g)].length, 1, html);
      assert.equal([...html.matchAll(/<h2>/g)].length, 2, html);
      assert.equal([...html.matchAll(/<h3>/g)].length, 1, html);
      assert.match(html, /Not answered: Cancelled/);
    });
  }

  it("leaves lists, emphasis and code as they are", () => {
    const text = "1. **One**: `a < b`\n2. _Two_\n\n- `x`";
    assert.equal(safeMarkdown(text), text);
  });
});
