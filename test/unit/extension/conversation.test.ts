import assert from "node:assert/strict";
import { Conversation } from "../../../src/extension/ask/conversation";
import type { AnswerResult, Citation } from "../../../src/shared/protocol";

const citation: Citation = {
  path: "src/a.ts",
  uri: "file:///w/src/a.ts",
  startLine: 3,
  endLine: 7,
  origin: "written",
  mention: [0, 10],
};

const answer: AnswerResult = {
  text: "src/a.ts:3 does it.",
  citations: [citation],
  asOf: "2026-01-01T00:00:00Z",
  context: { files: 2, tokens: 100 },
  timings: { load: 0, prefill: 1, firstToken: 1, decode: 2, prefilledTokens: 9, reusedTokens: 91, generatedTokens: 6 },
  trace: "t1",
  stopReason: "end",
  lookedAt: [{ path: "src/b.ts", uri: "file:///w/src/b.ts", lift: 3 }],
  attention: "esa",
};

function answered(): Conversation {
  const conversation = new Conversation();
  conversation.ask("1", "Who does it?", null);
  conversation.complete("1", answer);
  return conversation;
}

describe("Conversation", () => {
  it("streams, then takes the engine's text", () => {
    const conversation = new Conversation();
    conversation.ask("1", "Who does it?", "src/a.ts:3");
    assert.equal(conversation.turn("1")?.state, "waiting");
    conversation.append("1", "src/a.ts:3 ", 4);
    conversation.append("1", "does", 5);
    assert.deepEqual(
      [conversation.turn("1")?.state, conversation.turn("1")?.text, conversation.turn("1")?.tokens],
      ["streaming", "src/a.ts:3 does", 5],
    );
    conversation.complete("1", answer);
    assert.equal(conversation.turn("1")?.text, answer.text);
    assert.equal(conversation.turn("1")?.state, "done");
    assert.equal(conversation.turn("1")?.question, "Who does it?");
    assert.equal(conversation.lastTrace, "t1");
  });

  it("keeps what was written when the answer is stopped", () => {
    const conversation = new Conversation();
    conversation.ask("1", "Who?", null);
    conversation.append("1", "half an ans", 3);
    conversation.stop("1");
    assert.deepEqual([conversation.turn("1")?.state, conversation.turn("1")?.text], ["stopped", "half an ans"]);
    conversation.complete("1", { ...answer, stopReason: "stopped" });
    assert.equal(conversation.turn("1")?.state, "stopped");
  });

  it("asks a question again in its place", () => {
    const conversation = answered();
    conversation.ask("2", "And then?", null);
    conversation.fail("1", { code: "LS-407", message: "m", wayOut: "w" });
    conversation.ask("1", "Who does it?", null);
    assert.deepEqual(
      conversation.turns.map(({ id, state, text, error }) => ({ id, state, text, error })),
      [
        { id: "1", state: "waiting", text: "", error: null },
        { id: "2", state: "waiting", text: "", error: null },
      ],
    );
  });

  it("never changes a value that it gave out", () => {
    const conversation = new Conversation();
    conversation.ask("1", "Who?", null);
    const before = conversation.turns;
    conversation.append("1", "x", 1);
    assert.equal(before[0]?.text, "");
  });

  it("notes which cited or looked-at files changed, once", () => {
    const conversation = answered();
    assert.equal(conversation.fileChanged("file:///w/other.ts"), false);
    assert.equal(conversation.fileChanged(citation.uri), true);
    assert.equal(conversation.fileChanged(citation.uri), false);
    assert.equal(conversation.fileChanged("file:///w/src/b.ts"), true);
    assert.deepEqual(conversation.turn("1")?.changed, ["src/a.ts", "src/b.ts"]);
  });

  it("knows its citations and no others", () => {
    const conversation = answered();
    assert.equal(conversation.knownCitation({ uri: citation.uri, startLine: 3, endLine: 7 })?.citation, citation);
    assert.equal(conversation.knownCitation({ uri: citation.uri, startLine: 3, endLine: 8 }), null);
    assert.equal(conversation.knownCitation({ uri: "file:///etc/passwd", startLine: 3, endLine: 7 }), null);
  });
});
