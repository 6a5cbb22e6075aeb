import assert from "node:assert/strict";
import { Conversation } from "../../../src/extension/ask/conversation";
import { keptTurns, unanswered, type Question } from "../../../src/extension/ask/turns";
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

const question = (text: string): Question => ({ ...unanswered, question: text });

function answered(): Conversation {
  const conversation = new Conversation();
  conversation.ask("1", question("Who does it?"));
  conversation.complete("1", answer);
  return conversation;
}

describe("Conversation", () => {
  it("streams, then takes the engine's text", () => {
    const conversation = new Conversation();
    conversation.ask("1", { ...question("Who does it?"), about: "src/a.ts:3" });
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
    conversation.ask("1", question("Who?"));
    conversation.append("1", "half an ans", 3);
    conversation.stop("1");
    assert.deepEqual([conversation.turn("1")?.state, conversation.turn("1")?.text], ["stopped", "half an ans"]);
    conversation.complete("1", { ...answer, stopReason: "stopped" });
    assert.equal(conversation.turn("1")?.state, "stopped");
  });

  it("forgets a turn and all after it when it is cut", () => {
    const conversation = answered();
    conversation.ask("2", question("And then?"));
    conversation.ask("3", question("And at last?"));
    conversation.cut("none");
    assert.equal(conversation.turns.length, 3);
    conversation.cut("2");
    assert.deepEqual(
      conversation.turns.map(({ id }) => id),
      ["1"],
    );
  });

  it("shows what was kept: answered, failed and interrupted", () => {
    const kept = { form: "explain", selection: null, mentions: [], askedAt: "2026-01-01T00:00:00Z" } as const;
    const error = { code: "LS-407", message: "m", wayOut: "w" };
    const range = { uri: "file:///w/src/a.ts", startLine: 3, endLine: 7 };
    const turns = keptTurns(
      {
        ...{ id: "c", title: "Who?", created: "2026-01-01T00:00:00Z", updated: "2026-01-01T00:00:00Z" },
        turns: [
          { ...kept, question: "Who?", answer: { ...answer, droppedTurns: 2, unknownNames: ["Foo"] }, error: null },
          { ...kept, question: "Why?", answer: null, error },
          { ...kept, question: "When?", selection: range, answer: null, error: null },
        ],
      },
      ({ startLine }) => `line ${startLine}`,
    );
    assert.deepEqual(
      turns.map(({ question, state, about, form, error: failed }) => [question, state, about, form, failed]),
      [
        ["Who?", "done", null, "explain", null],
        ["Why?", "failed", null, "explain", error],
        ["When?", "interrupted", "line 3", "explain", null],
      ],
    );
    assert.deepEqual([turns[0]?.droppedTurns, turns[0]?.unknownNames, turns[0]?.tokens], [2, ["Foo"], 6]);
    assert.equal(new Set(turns.map(({ id }) => id)).size, 3);
  });

  it("never changes a value that it gave out", () => {
    const conversation = new Conversation();
    conversation.ask("1", question("Who?"));
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
