import assert from "node:assert/strict";
import { excerptsText, introText, type Question } from "../../../src/engine/answer/prompt";

const question: Question = { text: "Why?", form: "ask", selection: null, mentioned: [], attached: [], absent: [] };

describe("words around the question", () => {
  it("are others for each form", () => {
    const forms = ["ask", "explain", "whereIs", "whoUses", "why"] as const;
    assert.equal(new Set(forms.map((form) => introText({ ...question, form }, false))).size, forms.length);
  });

  it("ask for lines only where something shows them", () => {
    assert.ok(!introText(question, false).includes("path:line"));
    assert.ok(introText(question, true).includes("path:line"));
  });

  it("hold the selection, what is mentioned, and the text of what is not in the context", () => {
    const selection = { path: "a.ts", startLine: 3, endLine: 4, text: "one\ntwo" };
    const attached = [{ path: "@notes.txt", startLine: 1, endLine: 1, text: "three" }];
    const text = introText({ ...question, selection, mentioned: ["@b.ts", "@notes.txt"], attached }, false);
    assert.match(text, /lines 3 to 4 of `a\.ts`:\n```\none\ntwo\n```/);
    assert.match(text, /@notes\.txt:1-1\n```\nthree\n```/);
    assert.match(text, /Look at `@b\.ts`, `@notes\.txt`\./);
  });

  it("give each excerpt its place, and a fence that its text cannot close", () => {
    const text = excerptsText([
      { path: "a.md", startLine: 1, endLine: 3, text: "```\nx\n```" },
      { path: "b.ts", startLine: 7, endLine: 7, text: "y" },
    ]);
    assert.match(text, /a\.md:1-3\n````\n```\nx\n```\n````\n\nb\.ts:7-7\n```\ny\n```/);
  });
});
