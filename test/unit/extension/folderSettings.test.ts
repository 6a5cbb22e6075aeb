import assert from "node:assert/strict";
import { globMatcher, folderMatcher } from "../../../src/engine/context/globs";
import type { Document } from "../../../src/engine/workspace/types";
import { patternIn, scopeOf } from "../../../src/extension/folderSettings";

const roots = [
  { uri: "file:///w/api", name: "api" },
  { uri: "file:///w/web [old]", name: "web [old]" },
];
const at = (path: string): Document => ({ path }) as Document;

describe("settings of one folder of several", () => {
  it("name files of that folder only", () => {
    const cases: readonly (readonly [pattern: string, inside: string])[] = [
      ["/README.md", "README.md"],
      ["src/**", "src/a.ts"],
      ["*.sql", "db/deep/a.sql"],
      ["src/\\[id\\].ts", "src/[id].ts"],
    ];
    for (const { name } of roots) {
      for (const [pattern, inside] of cases) {
        const matches = globMatcher([patternIn(name, pattern)], roots);
        for (const root of roots) {
          assert.equal(matches(at(`${root.name}/${inside}`)), root.name === name, `${pattern} of ${name}`);
        }
      }
    }
    assert.equal(globMatcher([patternIn("api", "/README.md")], roots)(at("api/docs/README.md")), false);
  });

  it("limit that folder only: others stay whole", () => {
    const scope = scopeOf(
      [],
      new Map([
        ["api", ["src"]],
        ["web [old]", []],
      ]),
    );
    const inScope = folderMatcher(scope, roots);
    assert.deepEqual(
      ["api/src/a.ts", "api/docs/a.md", "web [old]/docs/a.md"].map((path) => inScope(at(path))),
      [true, false, true],
    );
  });

  it("leave the limits of the whole workspace as they are", () => {
    assert.deepEqual(scopeOf(["api"], new Map([["api", []]])), ["api"]);
    assert.deepEqual(scopeOf([], new Map([["api", []]])), []);
  });
});
