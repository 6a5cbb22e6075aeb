import assert from "node:assert/strict";
import type { CodeActionParams } from "vscode-languageserver";
import { ASK_KIND, codeActions, codeLenses } from "../../src/engine/languageFeatures";
import { commands } from "../../src/shared/contributions";
import type { CodeSymbol } from "../../src/shared/symbols";

const uri = "file:///w/a.ts";

describe("code lenses", () => {
  const symbols: CodeSymbol[] = [
    { name: "LIMIT", kind: "variable", startLine: 1, endLine: 4, parent: null },
    { name: "Parser", kind: "class", startLine: 6, endLine: 20, parent: null },
    { name: "parse", kind: "method", startLine: 8, endLine: 12, parent: "Parser" },
    { name: "short", kind: "method", startLine: 14, endLine: 14, parent: "Parser" },
  ];

  it("stand above declarations of more than a line, one for each question", () => {
    const lenses = codeLenses(uri, symbols);
    assert.deepEqual(
      lenses.map(({ range, command }) => [range.start.line, command?.command]),
      [5, 7].flatMap((line) =>
        [commands.askAboutSelection, commands.explain, commands.whereUsed, commands.why].map((id) => [line, id]),
      ),
    );
    assert.deepEqual(lenses.at(-1)?.command?.arguments, [{ uri, startLine: 8, endLine: 12, name: "parse" }]);
    for (const { range, command } of lenses) {
      assert.deepEqual(range.start, range.end);
      assert.ok(command?.title);
    }
  });
});

describe("code actions", () => {
  const ask = (start: [number, number], end: [number, number], only?: string[]): unknown[] => {
    const params: CodeActionParams = {
      textDocument: { uri },
      range: { start: { line: start[0], character: start[1] }, end: { line: end[0], character: end[1] } },
      context: { diagnostics: [], ...(only && { only }) },
    };
    return codeActions(params).map(({ kind, command }) => {
      assert.equal(kind, ASK_KIND);
      return command?.arguments?.[0] as unknown;
    });
  };

  it("are there for a selection, and name its lines", () => {
    assert.deepEqual(ask([2, 4], [2, 9])[0], { uri, startLine: 3, endLine: 3 });
    assert.equal(ask([2, 4], [2, 9]).length, 4);
    assert.deepEqual(ask([2, 4], [5, 0])[0], { uri, startLine: 3, endLine: 5 });
    assert.deepEqual(ask([2, 4], [5, 1])[0], { uri, startLine: 3, endLine: 6 });
  });

  it("are not there without one, nor when others are asked for", () => {
    assert.deepEqual(ask([2, 4], [2, 4]), []);
    assert.deepEqual(ask([2, 4], [3, 4], ["quickfix", "refactor.extract"]), []);
    assert.equal(ask([2, 4], [3, 4], ["longsight"]).length, 4);
    assert.equal(ask([2, 4], [3, 4], [ASK_KIND]).length, 4);
  });
});
