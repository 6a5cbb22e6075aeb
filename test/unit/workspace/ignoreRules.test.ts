import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import path from "node:path";
import { git, hasCode, pathsOf, reasonsOf, Scratch, snapshotOf, write } from "./scratch";

const TREE = [
  "a.c",
  "b.c",
  "sub/a.c",
  "sub/b.c",
  "sub/deep/a.c",
  "sub/deep/b.log.c",
  "out/a.c",
  "out/keep/a.c",
  "out/keep/b.c",
  "other/out/a.c",
  "other/x y.c",
  "other/#hash.c",
  "other/!bang.c",
  "other/[x].c",
  "other/über.c",
  "z/1.c",
  "z/2.c",
  "z/z/1.c",
];

/** What git would not ignore, apart from the rule files. */
function notIgnored(dir: string): string[] {
  return git(dir, "ls-files", "-z", "--others", "--exclude-standard").split("\0").filter(isNoRule).sort();
}

const isNoRule = (file: string): boolean => file !== "" && !file.endsWith("ignore");

function repository(scratch: Scratch, rules: Readonly<Record<string, string>>): string {
  const files = Object.fromEntries(TREE.map((file) => [file, `int in_${file.length};\n`]));
  const dir = scratch.folder({ ...files, ...rules });
  git(dir, "init", "--quiet");
  return dir;
}

describe("ignore rules against git", () => {
  const scratch = new Scratch();

  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "a name anywhere": { ".gitignore": "a.c\n" },
    "anchored to the file's folder": { ".gitignore": "/a.c\n", "sub/.gitignore": "/b.c\n" },
    "a folder, and a file of that name": { ".gitignore": "out/\n1.c/\n" },
    "re-included by a later line": { ".gitignore": "*.c\n!a.c\n" },
    "re-included by a deeper file": { ".gitignore": "*.c\n", "sub/.gitignore": "!a.c\n" },
    "nothing comes back from an excluded folder": { ".gitignore": "out/\n!out/keep/a.c\n" },
    "but it does when only its content is excluded": { ".gitignore": "out/*\n!out/keep/\n" },
    "a folder that a deeper file re-includes": { ".gitignore": "deep/\n", "sub/.gitignore": "!deep/\n" },
    "double stars": { ".gitignore": "**/deep/**\nz/**/1.c\n/other/**\n" },
    "a path with stars in the middle": { ".gitignore": "s*b/*.c\n" },
    "classes and question marks": { ".gitignore": "[12].c\nsub/?.c\n" },
    escapes: { ".gitignore": "\\#hash.c\n\\!bang.c\n\\[x\\].c\n# comment\nx\\ y.c\n" },
    "trailing blanks and DOS line ends": { ".gitignore": "a.c   \r\nout/\r\n" },
    "deeper beats higher, both ways": { ".gitignore": "!a.c\nb.c\n", "sub/.gitignore": "a.c\n!b.c\n" },
    "beyond ASCII": { ".gitignore": "über.c\n" },
    "a byte order mark": { ".gitignore": "\uFEFFa.c\n" },
  };

  for (const [title, rules] of Object.entries(cases)) {
    it(title, async () => {
      const dir = repository(scratch, rules);
      assert.deepEqual(pathsOf(await snapshotOf(dir)).filter(isNoRule), notIgnored(dir));
    });
  }

  it("info/exclude, weaker than every .gitignore", async () => {
    const dir = repository(scratch, { "sub/.gitignore": "!a.c\n" });
    write(dir, { ".git/info/exclude": "a.c\nout/\n" });
    assert.deepEqual(pathsOf(await snapshotOf(dir)).filter(isNoRule), notIgnored(dir));
  });

  it("a folder of a repository obeys the rules above it", async () => {
    const dir = repository(scratch, { ".gitignore": "/sub/deep/\nb.c\n" });
    const sub = path.join(dir, "sub");
    assert.deepEqual(pathsOf(await snapshotOf(sub)).filter(isNoRule), notIgnored(sub));
  });

  it("a linked work tree uses the exclude file of its repository", async () => {
    const dir = repository(scratch, {});
    git(dir, "add", ".");
    git(dir, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "all");
    write(dir, { ".git/info/exclude": "a.c\n" });
    const linked = path.join(scratch.folder(), "linked");
    git(dir, "worktree", "add", "--quiet", linked);
    const found = pathsOf(await snapshotOf(linked));
    assert.ok(found.includes("b.c"));
    assert.ok(!found.some((file) => file.endsWith("a.c")));
  });

  it("the rules of a folder that is no repository end at the folder", async () => {
    const outer = scratch.folder({ ".gitignore": "*.c\n", "inner/a.c": "int a;\n" });
    assert.deepEqual(pathsOf(await snapshotOf(path.join(outer, "inner"))), ["a.c"]);
  });

  it("random rules and trees", async function () {
    this.timeout(120_000);
    const random = generator(20251);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const parts = ["a.c", "b.c", "*.c", "sub", "deep", "out", "keep", "z", "*", "**", "?.c", "1.c", "[a-b].c", "o*"];
    const pattern = (): string => {
      const names = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(parts));
      const negated = random() < 0.35 ? "!" : "";
      return `${negated}${random() < 0.3 ? "/" : ""}${names.join("/")}${random() < 0.3 ? "/" : ""}`;
    };
    for (let round = 0; round < 60; round++) {
      const rules: Record<string, string> = {};
      for (const at of ["", "sub/", "out/", "sub/deep/", "z/"]) {
        if (random() < 0.6) rules[`${at}.gitignore`] = Array.from({ length: 3 }, pattern).join("\n");
      }
      const dir = repository(scratch, rules);
      const found = await snapshotOf(dir).then(pathsOf, (error: unknown) => {
        if (hasCode("LS-103")(error)) return [];
        throw error;
      });
      assert.deepEqual(found.filter(isNoRule), notIgnored(dir), JSON.stringify(rules, null, 1));
      rmSync(dir, { recursive: true });
    }
  });
});

describe(".longsightignore", () => {
  const scratch = new Scratch();

  it("leaves out more than git does", async () => {
    const dir = repository(scratch, { ".longsightignore": "z/\n*.log.c\n", "sub/.longsightignore": "a.c\n" });
    const snapshot = await snapshotOf(dir);
    assert.equal(reasonsOf(snapshot)["z/"], "ignored by .longsightignore");
    assert.equal(reasonsOf(snapshot)["sub/a.c"], "ignored by sub/.longsightignore");
    assert.ok(!pathsOf(snapshot).includes("sub/deep/b.log.c"));
  });

  it("re-includes a file, a folder and a file inside an ignored folder", async () => {
    const dir = repository(scratch, {
      ".gitignore": "a.c\nz/\nout/\n",
      ".longsightignore": "!/a.c\n!z/\n!out/keep/b.c\n",
    });
    const found = pathsOf(await snapshotOf(dir));
    assert.ok(found.includes("a.c"));
    assert.ok(!found.includes("sub/a.c"));
    assert.deepEqual(
      found.filter((file) => file.startsWith("z/")),
      ["z/1.c", "z/2.c", "z/z/1.c"],
    );
    assert.deepEqual(
      found.filter((file) => file.startsWith("out/")),
      ["out/keep/b.c"],
    );
  });

  it("re-includes what the defaults leave out, but not what is no text", async () => {
    const dir = scratch.folder({
      ".longsightignore": "!go.sum\n!vendor/\n!logo.png\n!types.ts\n",
      "go.sum": "example.org/a v1.0.0 h1:abc=\n",
      "vendor/lib/a.go": "package lib\n",
      "types.ts": "// @generated by a tool\nexport type A = string;\n",
      "logo.png": Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0),
    });
    const snapshot = await snapshotOf(dir);
    assert.deepEqual(pathsOf(snapshot), [".longsightignore", "go.sum", "types.ts", "vendor/lib/a.go"]);
    assert.equal(reasonsOf(snapshot)["logo.png"], "binary");
  });
});

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
