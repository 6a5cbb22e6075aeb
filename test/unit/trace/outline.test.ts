import assert from "node:assert/strict";
import { LineTable } from "../../../src/engine/trace/lineTable";
import { TraceIndex } from "../../../src/engine/trace/query";
import { TraceStore } from "../../../src/engine/trace/store";
import type { TracedFile } from "../../../src/engine/trace/types";
import { Scratch } from "../workspace/scratch";
import { stepOf, traceOf } from "./traces";

describe("trace of an outline", () => {
  const scratch = new Scratch();
  const text = "function a() {\n  one();\n  two();\n}\nfunction b() {\n  three();\n}\n";
  // Tokens: `function`, ` a() {`, `\nfunction` (its line break ends the first part), ` b() {\n`.
  const second = text.indexOf("function b");
  const file: TracedFile = {
    path: "a.ts",
    uri: "file:///w/a.ts",
    start: 10,
    count: 4,
    text,
    parts: [
      [0, 15],
      [second, second + 15],
    ],
    offsets: Int32Array.of(0, 8, 14, second + 8, second + 15),
  };
  const trace = traceOf({ files: [file], steps: [stepOf([2, 30], [[10, 11, 12, 13], [13]])] });

  it("counts for the lines that were in the context, and none for what was left out", () => {
    const { lines, strip } = new TraceIndex(trace).file({ path: "a.ts", lines: [1, 8] });
    assert.deepEqual(
      lines.map(({ tokens }) => tokens.map(({ column, length, count }) => [column, length, count])),
      [
        [
          [0, 8, 1],
          [8, 6, 1],
        ],
        [],
        [],
        [],
        [[8, 6, 2]],
        [],
        [],
      ],
    );
    assert.deepEqual(strip, [1, 0, 0, 0, 2, 0, 0]);
    assert.deepEqual(Array.from(new LineTable(file).firstTokens), [10, 13, 13, 13, 13, 14, 14, 14]);
  });

  it("is the same when it is read again", async () => {
    const dir = scratch.folder();
    await new TraceStore(dir).write(trace);
    assert.deepEqual((await new TraceStore(dir).read(trace.id)).files, [file]);
  });
});
