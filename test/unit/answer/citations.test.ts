import assert from "node:assert/strict";
import { citationsOf } from "../../../src/engine/answer/citations";
import { SourceIndex } from "../../../src/engine/answer/sourceIndex";
import type { LineSelection } from "../../../src/shared/trace";

const hold = `package booking

// Hold keeps a berth for a while.
type Hold struct {
	ID string
}

func (h *Hold) Release() error {
	return nil
}

const gracePeriod = 10
`;
const retry = `import time

LIMIT = 3


def retry(task):
    for attempt in range(LIMIT):
        if task():
            return attempt
    return None
`;
const texts: Record<string, string> = {
  "booking/hold.go": hold,
  "queue/retry.py": retry,
  "src/index.ts": "export function start(): void {\n  run();\n}\n",
  "src/app/index.ts": "export class App {\n  open(): void {\n    draw();\n  }\n}\n",
  "src/app/[id]/page (old).tsx": "export const Page = 1;\n",
  LICENSE: "MIT\n",
  "src/store.ts": "export class Store {\n  open(): void {\n    load();\n  }\n}\n",
};
const files = Object.entries(texts).map(([path, text]) => ({ path, uri: `file:///w/${path}`, text }));
const index = new SourceIndex(files);

const lift = (path: string, line: number, value: number): LineSelection => ({ path, line, selected: 1, lift: value });
const lines = [
  lift("queue/retry.py", 6, 9),
  lift("queue/retry.py", 7, 8),
  lift("booking/hold.go", 4, 5),
  lift("booking/hold.go", 5, 4),
  lift("src/index.ts", 2, 3),
  lift("src/store.ts", 1, 0.1),
];

/** Citations as `origin path:start-end "mention"`. */
function cite(answer: string, selections: readonly LineSelection[] = lines): string[] {
  return citationsOf(answer, index, selections).map((citation) => {
    const mention = citation.mention === null ? "" : ` "${answer.slice(...citation.mention)}"`;
    return `${citation.origin} ${citation.path}:${citation.startLine}-${citation.endLine}${mention}`;
  });
}

describe("citationsOf", () => {
  const table: readonly [name: string, answer: string, expected: readonly string[]][] = [
    ["path:line", "See booking/hold.go:4.", ['written booking/hold.go:4-4 "booking/hold.go:4"']],
    ["path:start-end", "See `booking/hold.go:4-6`", ['written booking/hold.go:4-6 "booking/hold.go:4-6"']],
    ["path:line:column", "At booking/hold.go:4:2 it", ['written booking/hold.go:4-4 "booking/hold.go:4:2"']],
    ["path#Lx", "In queue/retry.py#L6 it", ['written queue/retry.py:6-6 "queue/retry.py#L6"']],
    ["path#Lx-Ly", "In queue/retry.py#L6-L9 it", ['written queue/retry.py:6-9 "queue/retry.py#L6-L9"']],
    ["line in words after", "`queue/retry.py`, lines 6 to 8, loops", ['written queue/retry.py:6-8 "queue/retry.py"']],
    ["line in words before", "Line 3 of `queue/retry.py` says so", ['written queue/retry.py:3-3 "queue/retry.py"']],
    [
      "a line belongs to the file that it is of",
      "`queue/retry.py`, line 4 of `booking/hold.go`",
      ['named queue/retry.py:6-7 "queue/retry.py"', 'written booking/hold.go:4-4 "booking/hold.go"'],
    ],
    ["unambiguous base name", "hold.go:4 has it", ['written booking/hold.go:4-4 "hold.go:4"']],
    ["end of a path", "app/index.ts:2 has it", ['written src/app/index.ts:2-2 "app/index.ts:2"']],
    ["backslashes", "See booking\\hold.go:4", ['written booking/hold.go:4-4 "booking\\hold.go:4"']],
    ["leading dot", "See ./booking/hold.go:4", ['written booking/hold.go:4-4 "booking/hold.go:4"']],
    [
      "odd characters in a path",
      "In `src/app/[id]/page (old).tsx` it",
      ['named src/app/[id]/page (old).tsx:1-1 "src/app/[id]/page (old).tsx"'],
    ],
    ["path at the end of a sentence", "It is in src/store.ts.", ['named src/store.ts:1-1 "src/store.ts"']],
    ["ambiguous base name", "index.ts:1 has it", []],
    ["ambiguous name, decided by a symbol", "`App` in `index.ts`", ['named src/app/index.ts:1-5 "index.ts"']],
    [
      "ambiguous name, decided by an earlier mention",
      "See `src/app/index.ts:1`. Then index.ts:2 follows.",
      ['written src/app/index.ts:1-1 "src/app/index.ts:1"', 'written src/app/index.ts:2-2 "index.ts:2"'],
    ],
    ["invented path", "See src/audit.go:12", []],
    ["known name in an invented folder", "See lib/hold.go:4", []],
    ["longer name", "See booking/hold.gox and hold.go.bak", []],
    ["URL", "https://example.org/booking/hold.go:4", []],
    ["bare word that is a file", "The LICENSE is free", []],
    ["bare word in backticks", "The `LICENSE` is MIT", ['named LICENSE:1-1 "LICENSE"']],
    [
      "line beyond the end: the lifted lines stand in",
      "See queue/retry.py:600",
      ['named queue/retry.py:6-7 "queue/retry.py:600"'],
    ],
    [
      "end beyond the end is clamped",
      "See queue/retry.py:6-600",
      ['written queue/retry.py:6-10 "queue/retry.py:6-600"'],
    ],
    ["lines the wrong way round", "See queue/retry.py:8-6", ['written queue/retry.py:6-8 "queue/retry.py:8-6"']],
    ["line zero", "See queue/retry.py:0", ['named queue/retry.py:6-7 "queue/retry.py:0"']],
    [
      "file with a symbol of the sentence",
      "`Release` is in `booking/hold.go`",
      ['named booking/hold.go:8-10 "booking/hold.go"'],
    ],
    [
      "symbol of another sentence does not count",
      "`Release` ends it.\n`queue/retry.py` too.",
      ['named booking/hold.go:8-10 "Release"', 'named queue/retry.py:6-7 "queue/retry.py"'],
    ],
    [
      "wrong line beside a right symbol",
      "`retry` at queue/retry.py:1 loops",
      ['named queue/retry.py:6-10 "queue/retry.py:1"'],
    ],
    ["symbol defined once", "Call `retry(task)` again", ['named queue/retry.py:6-10 "retry(task)"']],
    ["symbol defined twice", "Call `open` again", []],
    ["qualified symbol", "Call `Store.open()` again", ['named src/store.ts:2-4 "Store.open()"']],
    ["plain word that is a symbol", "Call retry again", []],
    ["word that only code has", "The gracePeriod is ten", ['named booking/hold.go:12-12 "gracePeriod"']],
    ["call without arguments", "Then Release() runs", ['named booking/hold.go:8-10 "Release"']],
    ["code word that nothing defines", "The gracePeriods and max_retries", []],
    ["code word inside a path or a longer name", "See lib/gracePeriod/x and gracePeriod.ts", []],
    ["symbol in a code block", "```py\nx = `retry`\n```", []],
  ];
  for (const [name, answer, expected] of table) {
    it(name, () => assert.deepEqual(cite(answer, expected.length === 0 ? [] : lines), expected));
  }

  it("takes the three most lifted spans when the answer names nothing", () => {
    assert.deepEqual(cite("It tries again."), [
      "selected queue/retry.py:6-7",
      "selected booking/hold.go:4-5",
      "selected src/index.ts:2-2",
    ]);
  });

  it("takes the file of an ambiguous name that was clearly selected most", () => {
    const one = [lift("src/index.ts", 2, 9), lift("src/app/index.ts", 2, 4)];
    assert.deepEqual(cite("`index.ts:1` has it", one), ['written src/index.ts:1-1 "index.ts:1"']);
    const both = [lift("src/index.ts", 2, 9), lift("src/app/index.ts", 2, 8)];
    assert.ok(cite("`index.ts:1` has it", both).every((citation) => citation.startsWith("selected")));
  });

  it("takes no lines of files that are not in the context", () => {
    assert.deepEqual(cite("It tries again.", [lift("gone.ts", 3, 7)]), []);
  });

  it("gives nothing without names and without selections", () => {
    assert.deepEqual(cite("It tries again.", []), []);
  });
});
