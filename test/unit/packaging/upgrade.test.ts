import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { examine, formatReport, isFine, writePatches } from "../../../native/scripts/hooks.mjs";
import { openRelease } from "../../../native/scripts/release.mjs";
import { root } from "../../helpers/paths.mjs";

describe("the way to another release of llama.cpp", function () {
  this.timeout(120_000);
  const ours = path.join(root, "native/patches");
  let scratch: string;
  let pinned: string;
  let other: string;
  let patches: string;

  const git = (cwd: string, ...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("git", args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 });
    assert.equal(status, 0, stderr);
    return stdout;
  };

  before(() => {
    scratch = mkdtempSync(path.join(tmpdir(), "longsight-upgrade-"));
    [pinned, other, patches] = ["pinned", "other", "patches"].map((name) => path.join(scratch, name)) as [
      string,
      string,
      string,
    ];
    const bundle = path.join(root, "node_modules/node-llama-cpp/llama/gitRelease.bundle");
    git(scratch, "clone", "-q", "--no-checkout", bundle, "clone");
    for (const name of readdirSync(ours)) {
      for (const [, file] of readFileSync(path.join(ours, name), "utf8").matchAll(/^\+\+\+ b\/(.*)$/gm)) {
        const to = path.join(pinned, file ?? "");
        mkdirSync(path.dirname(to), { recursive: true });
        writeFileSync(to, git(path.join(scratch, "clone"), "show", `HEAD:${file}`));
      }
    }
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));
  beforeEach(() => {
    for (const dir of [other, patches]) rmSync(dir, { recursive: true, force: true });
    cpSync(pinned, other, { recursive: true });
    cpSync(ours, patches, { recursive: true });
  });

  interface Upgrade {
    readonly found: object[];
    readonly fine: boolean;
    readonly text: string;
  }
  const upgrade = (): Upgrade => {
    const release = (dir: string) => ({ dir, what: dir, package: null, notes: [] });
    const found = examine(patches, release(pinned), release(other)) as object[];
    return { found, fine: isFine(found) as boolean, text: formatReport(found) };
  };
  const edit = (file: string, change: (text: string) => string): void => {
    const before = readFileSync(path.join(other, file), "utf8");
    const after = change(before);
    assert.notEqual(after, before);
    writeFileSync(path.join(other, file), after);
  };
  const applyWithGit = (dir: string): void => {
    for (const name of readdirSync(patches).sort()) git(dir, "apply", "--unidiff-zero", path.join(patches, name));
  };

  it("finds that every hook applies to the present pin, and would write the patches as they are", () => {
    const { found, fine, text } = upgrade();
    assert.ok(fine, text);
    assert.match(text, /\n\d\d hooks apply, 0 need a look, 0 no longer apply\.$/);
    assert.doesNotMatch(text, /moved/);
    assert.deepEqual(writePatches(patches, found), []);
  });

  it("follows lines that have moved, and writes patches with which git gives the same changes", () => {
    const blank = "\n// line\n// line\n// line\n";
    edit("src/llama-context.cpp", (text) => blank + text);
    edit("src/llama-model.cpp", (text) => text.replace("llama_memory_i * llama_model::create_memory(", `${blank}$&`));
    edit("ggml/src/ggml-cpu/ggml-cpu.c", (text) => blank + text);
    const { found, fine, text } = upgrade();
    assert.ok(fine, text);
    assert.match(text, /line 867, moved by 4, in bool llama_context::memory_update|moved by 4, in bool llama_context/);
    assert.equal((writePatches(patches, found) as string[]).length, 3);
    applyWithGit(other);
    const moved = readFileSync(path.join(other, "src/llama-context.cpp"), "utf8");
    const model = readFileSync(path.join(other, "src/llama-model.cpp"), "utf8");
    const cpu = readFileSync(path.join(other, "ggml/src/ggml-cpu/ggml-cpu.c"), "utf8");
    cpSync(pinned, other, { recursive: true });
    rmSync(patches, { recursive: true });
    cpSync(ours, patches, { recursive: true });
    applyWithGit(other);
    const asEver = (file: string): string => readFileSync(path.join(other, file), "utf8");
    assert.equal(moved.replace(blank, ""), asEver("src/llama-context.cpp"));
    assert.equal(model.replace(blank, ""), asEver("src/llama-model.cpp"));
    assert.equal(cpu.replace(blank, ""), asEver("ggml/src/ggml-cpu/ggml-cpu.c"));
  });

  it("names exactly the hook whose line is gone, what it was, and what is most like it", () => {
    edit("src/llama-kv-cache.cpp", (text) =>
      text.replace("        if (hparams.rope_type !=", "        if (hparams.rope_type_of_layer !="),
    );
    const { fine, text } = upgrade();
    assert.ok(!fine);
    assert.match(text, /\d\d hooks apply, 0 need a look, 1 no longer apply\./);
    const report = text.slice(text.indexOf("src/llama-kv-cache.cpp"), text.indexOf("src/llama-model.cpp"));
    assert.match(report, /NO LONGER APPLIES: was at line \d+, in bool llama_kv_cache::update/);
    assert.match(report, /gone: if \(hparams\.rope_type != LLAMA_ROPE_TYPE_NONE\)/);
    assert.match(report, /most like it, line \d+: if \(hparams\.rope_type_of_layer/);
  });

  it("asks for a look where a neighbour of an insertion has changed", () => {
    edit("src/llama-cparams.h", (text) => text.replace(/\n\};\s*$/, "\n    int something_new = 0;\n};\n"));
    const { fine, text } = upgrade();
    assert.ok(!fine);
    assert.match(text, /src\/llama-cparams\.h\n {4}NEEDS A LOOK: line \d+/);
    assert.match(text, /1 need a look, 0 no longer apply/);
  });

  it("says where a file went", () => {
    renameSync(path.join(other, "src/llama-cparams.h"), path.join(other, "include/llama-cparams.h"));
    const { text } = upgrade();
    assert.match(text, /src\/llama-cparams\.h: the file is gone; of that name there is include\/llama-cparams\.h/);
    assert.match(text, /1 no longer apply/);
  });

  it("takes sources as a folder, an archive or a commit, and refuses what is no release", () => {
    const work = mkdtempSync(path.join(scratch, "open-"));
    const open = (source: string): string => openRelease(source, work).dir;
    assert.equal(open(other), other);
    git(scratch, "init", "-q", "repository");
    const repository = path.join(scratch, "repository");
    cpSync(other, repository, { recursive: true });
    git(repository, "add", ".");
    git(repository, "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "-q", "-m", "release");
    git(repository, "tag", "b7000");
    const file = "src/llama-model.cpp";
    const expected = readFileSync(path.join(other, file));
    assert.deepEqual(readFileSync(path.join(open(`${repository}@b7000`), file)), expected);
    const archive = path.join(scratch, "sources.tar.gz");
    git(repository, "archive", "--prefix=llama.cpp-b7000/", "-o", archive, "b7000");
    assert.deepEqual(readFileSync(path.join(open(archive), file)), expected);
    assert.throws(() => open(path.join(scratch, "nothing")), /no such file/);
    assert.throws(() => open(patches), /neither the sources of llama\.cpp nor/);
    assert.throws(() => open(`${repository}@b9999`), /b9999/);
  });
});
