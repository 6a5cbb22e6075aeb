import assert from "node:assert/strict";
import { historyTokens } from "../../../src/engine/answer/history";
import { ByteTokenizer } from "../context/byteTokenizer";

describe("historyTokens", () => {
  const tokenizer = new ByteTokenizer();
  const tokenize = (text: string): Int32Array => tokenizer.tokenize(text);
  const frame = { after: tokenize("<A>"), between: tokenize("<Q>") };
  const turns = ["one", "two", "three"].map((name) => ({ question: `${name}?`, answer: `${name}.` }));
  const texts = (room: number) => {
    const { tokens, dropped } = historyTokens(turns, frame, tokenize, room);
    return { texts: tokens.map((some) => tokenizer.detokenize(some)), dropped };
  };

  it("frames each turn as the model's template does, oldest first", () => {
    assert.deepEqual(texts(1000), {
      texts: ["one?<A>one.<Q>", "two?<A>two.<Q>", "three?<A>three.<Q>"],
      dropped: 0,
    });
  });

  it("drops the oldest turns that have no room, and none between those that have", () => {
    const last = tokenize("three?<A>three.<Q>").length;
    const two = last + tokenize("two?<A>two.<Q>").length;
    assert.deepEqual(texts(two), { texts: ["two?<A>two.<Q>", "three?<A>three.<Q>"], dropped: 1 });
    assert.deepEqual(texts(last - 1), { texts: [], dropped: 3 });
    assert.deepEqual(historyTokens([], frame, tokenize, 0), { tokens: [], dropped: 0 });
  });
});
