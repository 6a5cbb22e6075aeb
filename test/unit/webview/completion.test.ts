import assert from "node:assert/strict";
import type { MentionCandidate } from "../../../src/shared/symbols";
import { Completion, replaced, triggerAt, type Sources } from "../../../src/webview/ask/completion";
import { until } from "../../helpers/until";

const candidate = (label: string, kind: MentionCandidate["kind"] = "file"): MentionCandidate => ({
  kind,
  label,
  detail: "",
  mention: { uri: `file:///w/${label}`, label: `@${label}` },
});

/** The trigger at the `|` of a text. */
function at(text: string): ReturnType<typeof triggerAt> {
  return triggerAt(text.replace("|", ""), text.indexOf("|"));
}

describe("the word that is completed", () => {
  it("begins with @ at the start of a word and ends at the caret", () => {
    assert.deepEqual(at("@|"), { sign: "@", kind: null, text: "", from: 0 });
    assert.deepEqual(at("Does @src/re|try agree"), { sign: "@", kind: null, text: "src/re", from: 5 });
    assert.deepEqual(at("(@Holds.Re|"), { sign: "@", kind: null, text: "Holds.Re", from: 1 });
  });

  it("can be limited to a kind", () => {
    assert.deepEqual(at("see @symbol:Re|"), { sign: "@", kind: "symbol", text: "Re", from: 4 });
    assert.deepEqual(at("@folder:|"), { sign: "@", kind: "folder", text: "", from: 0 });
  });

  it("is the selection behind #, and nothing else", () => {
    assert.deepEqual(at("why #sel|"), { sign: "#", kind: null, text: "sel", from: 4 });
    assert.equal(at("issue #12|"), null);
  });

  it("is none in a mail address, behind a space or before the caret's word", () => {
    for (const text of ["me@example|", "@retry.go |", "@a b|", "plain|", "|@a"]) assert.equal(at(text), null, text);
  });
});

describe("what was taken", () => {
  it("stands in the question as a mention, with one space behind it", () => {
    const text = "Does @re agree?";
    const trigger = triggerAt(text, 8);
    assert.ok(trigger !== null);
    assert.deepEqual(replaced(text, 8, trigger, { type: "mention", candidate: candidate("src/retry.go") }), {
      text: "Does @src/retry.go agree?",
      caret: 19,
    });
  });

  it("leaves no word behind when it is the selection", () => {
    const selection = { label: "a.ts:1-2", range: { uri: "file:///w/a.ts", startLine: 1, endLine: 2 } };
    const trigger = triggerAt("Why #s", 6);
    assert.ok(trigger !== null);
    assert.deepEqual(replaced("Why #s", 6, trigger, { type: "selection", selection }), { text: "Why ", caret: 4 });
  });
});

describe("Completion", () => {
  /** Sources that answer when the test lets them. */
  function sources(): Sources & { readonly asked: string[]; answer(text: string, found: MentionCandidate[]): void } {
    const waiting = new Map<string, (found: MentionCandidate[]) => void>();
    const asked: string[] = [];
    return {
      asked,
      findMentions: (text) => {
        asked.push(text);
        return new Promise((resolve) => waiting.set(text, resolve));
      },
      editorSelection: () => Promise.resolve(null),
      answer: (text, found) => waiting.get(text)?.(found),
    };
  }
  const labels = (completion: Completion): string[] =>
    completion.options.map((option) => (option.type === "mention" ? option.candidate.label : "selection"));

  it("shows what was found for the last text, whatever comes late", async () => {
    const host = sources();
    const completion = new Completion(host, () => undefined);
    const first = completion.update("@r", 2);
    await until("the host is asked", () => host.asked.includes("r"));
    const second = completion.update("@re", 3);
    await until("the host is asked again", () => host.asked.includes("re"));
    host.answer("re", [candidate("retry.go"), candidate("refund.go")]);
    host.answer("r", [candidate("wrong.go")]);
    await Promise.all([first, second]);
    assert.deepEqual(labels(completion), ["retry.go", "refund.go"]);
    assert.deepEqual([completion.news, completion.news], [2, null], "the number is news once");
    completion.move(-1);
    assert.equal(completion.active, 1, "it goes around");
  });

  it("offers only the kind that was asked for, and closes with the word", async () => {
    const host = sources();
    const completion = new Completion(host, () => undefined);
    const update = completion.update("@symbol:re", 10);
    await until("the host is asked", () => host.asked.length > 0);
    host.answer("re", [candidate("retry.go"), candidate("Retry", "symbol")]);
    await update;
    assert.deepEqual(labels(completion), ["Retry"]);
    await completion.update("@symbol:re ", 11);
    assert.equal(completion.open, false);
  });
});
