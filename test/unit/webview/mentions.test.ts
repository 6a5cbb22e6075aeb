import assert from "node:assert/strict";
import type { Citation } from "../../../src/shared/protocol";
import { markMentions } from "../../../src/webview/ask/mentions";

const text = "`Holds.Fail` asks outcome.go:18, see `retry.go` too.";

/** A citation that `words` of the text mention. */
function cite(words: string, path: string, origin: Citation["origin"]): Citation {
  const from = text.indexOf(words);
  return { path, uri: `file:///w/${path}`, startLine: 18, endLine: 18, origin, mention: [from, from + words.length] };
}

/** The marks made readable. */
const readable = (marked: string): string => marked.replace(/\uE000(\d+)\uE001/g, "[$1]");

describe("markMentions", () => {
  it("replaces written lines and file names, and keeps the names of symbols", () => {
    const citations = [
      cite("outcome.go:18", "src/outcome.go", "written"),
      cite("Holds.Fail", "src/hold.go", "named"),
      cite("retry.go", "src/retry.go", "named"),
    ];
    assert.equal(readable(markMentions(text, citations)), "`Holds.Fail[1]` asks [0], see `[2]` too.");
  });

  it("takes the first of two overlapping mentions", () => {
    const citations = [cite("outcome.go:18", "a/outcome.go", "written"), cite("go:18", "b/go", "written")];
    assert.equal(readable(markMentions(text, citations)), "`Holds.Fail` asks [0], see `retry.go` too.");
  });

  it("leaves out what has no mention or one outside of the text", () => {
    const outside: Citation = { ...cite("retry.go", "retry.go", "written"), mention: [40, 4000] };
    const selected: Citation = { ...cite("retry.go", "retry.go", "selected"), mention: null };
    assert.equal(markMentions(text, [outside, selected]), text);
  });

  it("does not let the model forge a mark", () => {
    const forged = "see \uE0000\uE001 now";
    assert.equal(readable(markMentions(forged, [])), "see \uFFFD0\uFFFD now");
  });
});
