import assert from "node:assert/strict";
import { unknownNames } from "../../../src/engine/answer/unknownNames";

describe("unknownNames", () => {
  const text = "export class Harbour { moor(ship: Ship): void {} }";
  const unknown = (answer: string): string[] => unknownNames(answer, (name) => text.includes(name));

  it("names what stands in code marks and nowhere in the files, once each", () => {
    assert.deepEqual(unknown("`Harbour.moor()` calls `dockShip` and `Harbour.sail`, then `dockShip`."), [
      "dockShip",
      "sail",
    ]);
  });

  it("leaves alone prose, code blocks, short names and what is no name", () => {
    assert.deepEqual(unknown("The HarbourMaster says `a`, `x + y`.\n\n```ts\nmadeUp();\n```"), []);
  });
});
