import assert from "node:assert/strict";
import { readKept } from "../../../src/webview/ask/kept";
import { Recall } from "../../../src/webview/ask/recall";

const questions = ["first", "second", "third"];

describe("recalled questions", () => {
  it("come one after the other, and the empty input after the newest", () => {
    const recall = new Recall();
    const seen: (string | null)[] = [];
    let value = "";
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown"] as const) {
      const next = recall.next(key, value, questions);
      seen.push(next);
      value = next ?? value;
    }
    assert.deepEqual(seen, ["third", "second", "first", null, "second", "third", ""]);
  });

  it("never replace what the user has written or changed", () => {
    const recall = new Recall();
    assert.equal(recall.next("ArrowUp", "mine", questions), null);
    assert.equal(recall.next("ArrowUp", "", questions), "third");
    assert.equal(recall.next("ArrowUp", "third, changed", questions), null);
    assert.equal(recall.next("ArrowDown", "", questions), null);
  });
});

describe("what the Ask view keeps", () => {
  it("comes back as it was", () => {
    const kept = {
      ...{
        page: "history",
        input: "Why?",
        editing: 2,
        scrollTop: 12,
        folded: { "looked-at 0": false },
        draftSerial: 7,
      },
      selection: { label: "a.ts:1", range: { uri: "file:///a.ts", startLine: 1, endLine: 1 } },
      mentions: [
        { label: "@b.ts", uri: "file:///b.ts" },
        { label: "@f", uri: "file:///b.ts", startLine: 3, endLine: 4 },
      ],
    };
    assert.deepEqual(readKept(JSON.parse(JSON.stringify(kept))), kept);
  });

  it("is read with care when something else wrote it", () => {
    const empty = readKept(undefined);
    assert.deepEqual([empty.page, empty.input, empty.mentions, empty.editing], ["conversation", "", [], null]);
    const odd = { page: "x", input: 3, selection: { label: "a" }, mentions: [{ uri: 1 }, "m"], folded: { a: "yes" } };
    assert.deepEqual(readKept(odd), empty);
  });
});
