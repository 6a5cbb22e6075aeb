import assert from "node:assert/strict";
import { askMessages, heatmapMessages, planMessages } from "../../../src/extension/views/messages";

describe("messages of the views", () => {
  const citation = { uri: "file:///w/a.ts", startLine: 1, endLine: 2 };

  it("pass when they are well formed", () => {
    assert.deepEqual(askMessages.openCitation.parse({ citation: { ...citation, path: "a.ts" }, toSide: true }), {
      citation,
      toSide: true,
    });
    assert.equal(askMessages.command.parse({ command: "chooseModel" }).command, "chooseModel");
    const sums = { id: "t", layers: [0, 4], map: { below: "src", pixels: 9000 } };
    assert.deepEqual(heatmapMessages.sums.parse(sums), sums);
  });

  const wrong: readonly [what: string, parse: () => unknown][] = [
    ["a command that is not on the list", () => askMessages.command.parse({ command: "workbench.action.quit" })],
    ["an empty question", () => askMessages.ask.parse({ question: "" })],
    ["a question that is no text", () => askMessages.ask.parse({ question: ["a"] })],
    ["nothing at all", () => askMessages.retry.parse(undefined)],
    [
      "a line before the first",
      () => askMessages.openCitation.parse({ citation: { ...citation, startLine: 0 }, toSide: false }),
    ],
    ["a fraction of a line", () => heatmapMessages.open.parse({ path: "a.ts", line: 1.5 })],
    ["a negative layer", () => heatmapMessages.file.parse({ id: "t", path: "a", lines: [1, 2], layers: [-1, 4] })],
    ["an unknown phase", () => heatmapMessages.file.parse({ id: "t", path: "a", lines: [1, 2], phase: "thinking" })],
    ["an unknown format to save as", () => heatmapMessages.export.parse({ format: "exe", content: "" })],
    ["an unknown order", () => heatmapMessages.rows.shape.sort.parse("__proto__")],
    ["a path that is no text", () => planMessages.open.parse({ uri: 7 })],
    ["a change of the plan that is not on the list", () => planMessages.change.parse({ action: "delete", path: "a" })],
    ["a budget below nothing", () => planMessages.budget.parse({ tokens: -1 })],
    ["a part of a token", () => planMessages.budget.parse({ tokens: 0.5 })],
  ];
  for (const [what, parse] of wrong) it(`are refused with ${what}`, () => assert.throws(parse));
});
