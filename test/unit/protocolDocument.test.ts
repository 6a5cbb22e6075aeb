import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as protocol from "../../src/shared/protocol";

const document = readFileSync(path.join(import.meta.dirname, "../../docs/protocol.md"), "utf8");
const messages: readonly unknown[] = Object.values(protocol);
const methods = messages.flatMap((message) =>
  typeof message === "object" && message !== null && "method" in message ? [String(message.method)] : [],
);

describe("docs/protocol.md", () => {
  it("finds the messages of shared/protocol.ts", () => assert.ok(methods.length >= 10, methods.join(", ")));
  for (const method of methods) {
    it(`describes ${method}`, () => assert.match(document, new RegExp(`^\\| \`${method}\` *\\|`, "m")));
  }
  it("describes no message that does not exist", () => {
    const described = [...document.matchAll(/^\| `(longsight\/[\w/]+)` *\|/gm)].map((match) => match[1]);
    assert.deepEqual(described.toSorted(), methods.toSorted());
  });
  it("names the code of user errors", () => assert.ok(document.includes(`−${-protocol.USER_ERROR_CODE}`)));
});
