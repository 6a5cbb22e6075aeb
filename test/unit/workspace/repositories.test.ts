import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { git, pathsOf, reasonsOf, Scratch, snapshotOf, write } from "./scratch";

const COMMIT = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"];

const isNoRule = (file: string): boolean => file !== "" && !/(?:^|\/)\.git(?:ignore|modules)?$/.test(file);
const notIgnored = (dir: string): string[] =>
  git(dir, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0").filter(isNoRule).sort();
const found = async (dir: string): Promise<string[]> => pathsOf(await snapshotOf(dir)).filter(isNoRule);

describe("repositories", () => {
  const scratch = new Scratch();

  function repository(files: Readonly<Record<string, string>>, commit = false): string {
    const dir = scratch.folder(files);
    git(dir, "init", "--quiet");
    if (commit) {
      git(dir, "add", "--all");
      git(dir, ...COMMIT, "commit", "--quiet", "-m", "all");
    }
    return dir;
  }

  it("inside a repository obey their own rules, and those of no other", async () => {
    const dir = repository({ ".gitignore": "*.log\nb.c\n", "a.log": "1\n", "b.c": "1\n", "c.c": "1\n" });
    const inner = path.join(dir, "deps/inner");
    write(inner, { ".gitignore": "c.c\n", "a.log": "2\n", "b.c": "2\n", "c.c": "2\n", "d/b.c": "2\n", "d/e.c": "2\n" });
    git(inner, "init", "--quiet");
    write(inner, { ".git/info/exclude": "e.c\n" });
    const files = await found(dir);
    const own = files.filter((file) => !file.startsWith("deps/"));
    assert.deepEqual(
      own,
      notIgnored(dir).filter((file) => !file.startsWith("deps/")),
    );
    const inside = files.filter((file) => file.startsWith("deps/")).map((file) => file.slice("deps/inner/".length));
    assert.deepEqual(
      inside.sort(),
      notIgnored(inner).filter((file) => !file.endsWith(".log")),
    );
    assert.deepEqual(await found(inner), inside);
  });

  it("as submodules likewise, and stay out when the outer one ignores them", async () => {
    const library = repository({ ".gitignore": "x.c\n", "x.c": "1\n", "y.c": "1\n" }, true);
    const dir = repository({ ".gitignore": "y.c\n/ignored/\n", "main.c": "1\n", "y.c": "1\n" }, true);
    git(dir, ...COMMIT, "submodule", "--quiet", "add", library, "lib");
    write(dir, { "lib/x.c": "2\n", "lib/z.c": "2\n", ".git/modules/lib/info/exclude": "z.c\n" });
    assert.deepEqual(await found(dir), ["lib/y.c", "main.c"]);
    assert.deepEqual(notIgnored(path.join(dir, "lib")), ["y.c"]);
    write(dir, { "ignored/a.c": "3\n" });
    git(path.join(dir, "ignored"), "init", "--quiet");
    assert.equal(reasonsOf(await snapshotOf(dir))["ignored/"], "ignored by .gitignore");
  });

  it("obey core.excludesFile, less than everything else, and see at once what is changed", async () => {
    const dir = repository({ "a.c": "1\n", "b.c": "1\n", "sub/a.c": "1\n", "sub/.gitignore": "!a.c\n" });
    const excludes = path.join(scratch.folder(), "my excludes");
    writeFileSync(excludes, "a.c\n");
    git(dir, "config", "core.excludesFile", excludes);
    assert.deepEqual(await found(dir), notIgnored(dir));
    assert.deepEqual(await found(dir), ["b.c", "sub/a.c"]);
    assert.match(reasonsOf(await snapshotOf(dir))["a.c"] ?? "", /^ignored by .*my excludes$/);
    writeFileSync(excludes, "b.c\n");
    assert.deepEqual(await found(dir), ["a.c", "sub/a.c"]);
    assert.deepEqual(await found(dir), notIgnored(dir));
  });

  it("obey the excludes of the user at git's usual place", async () => {
    const dir = repository({ "a.c": "1\n", "b.c": "1\n" });
    const plain = scratch.folder({ "a.c": "1\n" });
    const home = scratch.folder({ "git/ignore": "a.c\n" });
    const before = process.env["XDG_CONFIG_HOME"];
    process.env["XDG_CONFIG_HOME"] = home;
    try {
      assert.deepEqual(await found(dir), ["b.c"]);
      assert.deepEqual(await found(dir), notIgnored(dir));
      assert.deepEqual(await found(plain), ["a.c"], "outside a repository git has no say");
    } finally {
      if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
      else process.env["XDG_CONFIG_HOME"] = before;
    }
  });

  it("a changed rule holds at the next walk", async () => {
    const dir = repository({ "a.c": "1\n", "b.c": "1\n", "sub/a.c": "1\n" });
    const steps: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
      [{ ".gitignore": "/a.c\n" }, ["b.c", "sub/a.c"]],
      [{ ".gitignore": "" }, ["a.c", "b.c", "sub/a.c"]],
      [{ "sub/.gitignore": "*.c\n" }, ["a.c", "b.c"]],
      [{ ".git/info/exclude": "b.c\n" }, ["a.c"]],
      [{ ".longsightignore": "!b.c\na.c\n" }, ["b.c"]],
    ];
    for (const [change, expected] of steps) {
      write(dir, change);
      const files = (await found(dir)).filter((file) => file.endsWith(".c"));
      assert.deepEqual(files, expected, JSON.stringify(change));
    }
  });

  it("a folder named .git that is none changes nothing", async () => {
    const dir = repository({ ".gitignore": "*.log\n", "sub/a.log": "1\n", "sub/a.c": "1\n" });
    mkdirSync(path.join(dir, "sub/.git"));
    assert.deepEqual(await found(dir), ["sub/a.c"]);
  });
});
