import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { planContext } from "../../../src/engine/context/plan";
import { TokenCache } from "../../../src/engine/context/tokens";
import { sha256 } from "../../../src/engine/disk";
import { hasCode, Scratch } from "../workspace/scratch";
import { ByteTokenizer } from "./byteTokenizer";
import { hardTexts, snapshotOfTexts } from "./workspace";

describe("token cache", () => {
  const scratch = new Scratch();
  const never = (): string => assert.fail("the text was read although its tokens are known");

  async function fill(cache: TokenCache, texts: readonly string[]): Promise<Int32Array[]> {
    const made = [];
    for (const text of texts) made.push(await cache.tokensOf(sha256(text), () => text));
    return made;
  }

  it("gives the tokens of a text it has seen without the text, in this process and the next", async () => {
    const dir = scratch.folder();
    const texts = Object.values(hardTexts);
    const cache = new TokenCache(new ByteTokenizer(), dir);
    const made = await fill(cache, texts);
    await cache.save();
    for (const reader of [cache, new TokenCache(new ByteTokenizer(), dir)]) {
      for (const [i, text] of texts.entries()) {
        assert.deepEqual(await reader.tokensOf(sha256(text), never), made[i]);
      }
    }
  });

  it("keeps vocabularies apart", async () => {
    const dir = scratch.folder();
    const one = new TokenCache(new ByteTokenizer("one"), dir);
    await fill(one, ["text"]);
    await one.save();
    const other = new ByteTokenizer("two");
    await fill(new TokenCache(other, dir), ["text"]);
    assert.equal(other.calls, 1);
  });

  it("an edit tokenises one file again", async () => {
    const dir = scratch.folder();
    const texts = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}.ts`, `const v${i} = ${i};\n`]));
    const tokenised = async (edited: Record<string, string>): Promise<string[]> => {
      const tokenizer = new ByteTokenizer();
      const seen: string[] = [];
      const tokenize = tokenizer.tokenize.bind(tokenizer);
      tokenizer.tokenize = (text) => {
        if (text.startsWith("const")) seen.push(text);
        return tokenize(text);
      };
      const { snapshot, read } = snapshotOfTexts(edited);
      await planContext({ snapshot, budget: 10_000, read, tokens: new TokenCache(tokenizer, dir) });
      return seen;
    };
    assert.equal((await tokenised(texts)).length, 30);
    assert.deepEqual(await tokenised(texts), []);
    assert.deepEqual(await tokenised({ ...texts, "f7.ts": "const changed = 7;\n" }), ["const changed = 7;\n"]);
  });

  it("believes nothing that is damaged", async () => {
    const dir = scratch.folder();
    const cache = new TokenCache(new ByteTokenizer(), dir);
    const made = await fill(cache, ["one text", "another text"]);
    await cache.save();
    const [name] = readdirSync(dir);
    const file = path.join(dir, name!);
    const good = readFileSync(file);
    const damages: Buffer[] = [good.subarray(0, good.length - 3), good.subarray(0, 10), Buffer.from("something else")];
    for (let at = 0; at < good.length; at += 7) {
      const flipped = Buffer.from(good);
      flipped[at]! ^= 0x40;
      damages.push(flipped);
    }
    for (const damaged of damages) {
      writeFileSync(file, damaged);
      const tokenizer = new ByteTokenizer();
      assert.deepEqual(await fill(new TokenCache(tokenizer, dir), ["one text", "another text"]), made);
      assert.equal(tokenizer.calls, 2);
    }
  });

  it("counts on when it cannot be written, and says so", async () => {
    const dir = path.join(scratch.folder({ data: "a file\n" }), "data");
    const errors: unknown[] = [];
    const cache = new TokenCache(new ByteTokenizer(), dir, undefined, (error) => errors.push(error));
    const [tokens] = await fill(cache, ["text"]);
    await cache.save();
    assert.equal(errors.length, 1);
    assert.deepEqual(await cache.tokensOf(sha256("text"), never), tokens);
    const strict = new TokenCache(new ByteTokenizer(), dir);
    await fill(strict, ["text"]);
    await assert.rejects(strict.save(), hasCode("LS-501"));
  });

  it("stays within its bound, dropping what was not used for longest", async () => {
    const dir = scratch.folder();
    const cache = new TokenCache(new ByteTokenizer(), dir, 2000);
    const texts = Array.from({ length: 40 }, (_, i) => `a b c d e f g h i j ${i}`);
    await fill(cache, texts);
    await fill(cache, texts.slice(0, 1));
    await cache.save();
    const [name] = readdirSync(dir);
    assert.ok(statSync(path.join(dir, name!)).size <= 2100);
    const tokenizer = new ByteTokenizer();
    const again = new TokenCache(tokenizer, dir);
    await fill(again, [texts[0]!, texts[39]!]);
    assert.equal(tokenizer.calls, 0);
    await fill(again, [texts[1]!]);
    assert.equal(tokenizer.calls, 1);
  });
});
