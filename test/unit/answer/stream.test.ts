import assert from "node:assert/strict";
import { generateAnswer } from "../../../src/engine/answer/generate";
import { isLooping } from "../../../src/engine/answer/repetition";
import { StopStrings } from "../../../src/engine/answer/stopStrings";
import { TextStream } from "../../../src/engine/answer/textStream";
import type { GeneratedToken, GenerateResult } from "../../../src/engine/nativeTypes";

/** A byte-level vocabulary: a token is a byte. Like SentencePiece, it drops the space at the start of a text. */
const bytes = {
  detokenize: (tokens: Int32Array): string => new TextDecoder().decode(Uint8Array.from(tokens)).replace(/^ /, ""),
};

const tokensOf = (text: string): number[] => [...new TextEncoder().encode(text)];

describe("TextStream", () => {
  for (const text of ["plain", "Größe 日本語 🙂 ok", "a b  c", "\uFFFD stays"]) {
    it(`gives ${JSON.stringify(text)} in whole characters`, () => {
      const stream = new TextStream(bytes);
      const pieces = tokensOf(text).map((token) => stream.push(token));
      pieces.push(stream.end());
      assert.equal(pieces.join(""), text);
      if (!text.includes("\uFFFD")) for (const piece of pieces) assert.ok(!piece.includes("\uFFFD"), piece);
    });
  }

  it("gives what is left of a broken character at the end", () => {
    const stream = new TextStream(bytes);
    assert.equal(stream.push(0x61), "a");
    assert.equal(stream.push(0xe6), "");
    assert.equal(stream.end(), "\uFFFD");
  });
});

describe("StopStrings", () => {
  const run = (pieces: readonly string[], stops: readonly string[]): [string, boolean] => {
    const filter = new StopStrings(stops);
    const out = pieces.map((piece) => filter.push(piece)).join("") + filter.end();
    return [out, filter.stopped];
  };
  it("cuts at a stop string that comes in pieces", () => {
    assert.deepEqual(run(["Yes.\n", "Ques", "tion: more"], ["\nQuestion:"]), ["Yes.", true]);
  });
  it("gives back what only looked like one", () => {
    assert.deepEqual(run(["Yes.\n", "Quest", "s"], ["\nQuestion:"]), ["Yes.\nQuests", false]);
  });
  it("cuts at the first of several", () => {
    assert.deepEqual(run(["a</s>b<|im_end|>"], ["<|im_end|>", "</s>"]), ["a", true]);
  });
  it("holds nothing back without stop strings", () => {
    assert.deepEqual(run(["a", "b"], [""]), ["ab", false]);
  });
});

describe("isLooping", () => {
  const repeat = (cycle: readonly number[], rounds: number): number[] =>
    Array.from({ length: rounds }, () => cycle).flat();
  const prose = (length: number, values: number): number[] => {
    let state = 1;
    return Array.from({ length }, () => (state = (state * 48271) % 2147483647) % values);
  };
  const table: readonly [string, number[], boolean][] = [
    ["nothing", [], false],
    ["one token 32 times, such as a rule", repeat([7], 32), false],
    ["one token 80 times", repeat([7], 80), true],
    ["a sentence three times", repeat(prose(20, 1000), 3), false],
    ["a sentence five times", repeat(prose(20, 1000), 5), true],
    ["different text before the loop", [...prose(300, 1000), ...repeat([1, 2, 3, 4], 20)], true],
    ["long prose of few words", prose(600, 40), false],
    ["a loop with a counter", Array.from({ length: 30 }, (_, i) => [...prose(20, 1000), i]).flat(), true],
  ];
  for (const [name, tokens, expected] of table) it(name, () => assert.equal(isLooping(tokens), expected));
});

describe("generateAnswer", () => {
  async function* deliver(
    text: string,
    finish: GenerateResult["finish"],
  ): AsyncGenerator<GeneratedToken, GenerateResult> {
    for (const token of tokensOf(text)) {
      await Promise.resolve();
      yield { token, trace: null };
    }
    return { finish, endToken: null };
  }
  const answer = async (
    text: string,
    finish: GenerateResult["finish"] = "end",
  ): Promise<{ result: Awaited<ReturnType<typeof generateAnswer>>; deltas: string }> => {
    let deltas = "";
    const result = await generateAnswer(
      { generate: () => deliver(text, finish) },
      {
        detokenizer: bytes,
        sampling: { maxTokens: 4096 },
        stopStrings: ["\nQuestion:"],
        onDelta: (piece) => (deltas += piece),
      },
    );
    return { result, deltas };
  };

  it("trims the start of the stream and the end of the text", async () => {
    const { result, deltas } = await answer("\n Über alles.\n");
    assert.equal(result.text, "Über alles.");
    assert.equal(deltas, "Über alles.\n");
    assert.equal(result.stopReason, "end");
  });
  it("ends at a stop string", async () => {
    const { result } = await answer("Yes.\nQuestion: and then?");
    assert.equal(result.text, "Yes.");
    assert.equal(result.stopReason, "end");
  });
  it("breaks off a loop and says that it ended", async () => {
    const { result } = await answer("It is so. ".repeat(200));
    assert.equal(result.looped, true);
    assert.equal(result.stopReason, "end");
    assert.ok(result.tokens < 200, `${result.tokens} tokens`);
  });
  for (const [finish, reason] of [
    ["length", "length"],
    ["full", "length"],
    ["abort", "stopped"],
    ["stop", "end"],
  ] as const) {
    it(`maps ${finish} to ${reason}`, async () => {
      assert.equal((await answer("Yes", finish)).result.stopReason, reason);
    });
  }
});
