import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { LlamaRuntime } from "../../src/engine/model/llama";
import { LongsightError } from "../../src/shared/errors";
import { rejectsForUser, scratchFolder, SMALL_CONTEXT, startLlama } from "./support";
import { writeTinyModel } from "./tinyModel";

/** One to three bytes or words of the header replaced, the same for the same seed. */
function alterHeader(good: Buffer, header: number, seed: number): Buffer {
  let state = (seed * 7919 + 13) >>> 0;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const bytes = Buffer.from(good);
  for (let change = below(3); change >= 0; change--) {
    const at = below(below(2) === 0 ? 900 : header);
    if (below(2) === 0) bytes.writeUInt8(below(256), at);
    else bytes.writeUInt32LE(below(2) === 0 ? 0xffff_ffff : below(2 ** 31), at);
  }
  return bytes;
}

describe("model files", () => {
  const dir = scratchFolder();
  let runtime: LlamaRuntime;

  before(async () => {
    runtime = await startLlama();
  });

  const load = (file: string) => async () => {
    await (await runtime.loadModel(file)).dispose();
  };

  it("that are missing, of another kind or empty", async () => {
    await rejectsForUser(load(path.join(dir, "missing.gguf")), "LS-303", /missing\.gguf/);
    for (const [name, bytes] of [
      ["empty.gguf", Buffer.alloc(0)],
      ["text.gguf", Buffer.from("this is no model")],
      ["head.gguf", Buffer.from("GGUF\x03\0\0\0")],
      ["zip.gguf", Buffer.from("PK\x03\x04".repeat(64))],
    ] as const) {
      writeFileSync(path.join(dir, name), bytes);
      await rejectsForUser(load(path.join(dir, name)), "LS-303", new RegExp(name.replace(".", "\\.")));
    }
  });

  it("that are cut off anywhere", async () => {
    const whole = path.join(dir, "whole.gguf");
    writeTinyModel(whole, { layers: 1 });
    const bytes = readFileSync(whole);
    const cut = path.join(dir, "cut.gguf");
    for (const share of [0.0005, 0.002, 0.01, 0.1, 0.5, 0.999]) {
      writeFileSync(cut, bytes.subarray(0, Math.floor(bytes.length * share)));
      await rejectsForUser(load(cut), "LS-303", /cut\.gguf/);
    }
    writeFileSync(cut, bytes.subarray(0, -40));
    await rejectsForUser(load(cut), "LS-303", /cut off/);
  });

  it("of an architecture that llama.cpp does not know", async () => {
    const file = path.join(dir, "foreign.gguf");
    writeTinyModel(file, { architecture: "longsightnet" });
    await rejectsForUser(load(file), "LS-303", /longsightnet/);
  });

  it("whose load is aborted", async () => {
    const file = path.join(dir, "abort.gguf");
    writeTinyModel(file);
    const signal = AbortSignal.abort();
    await rejectsForUser(() => runtime.loadModel(file, { signal }), "LS-900", /Cancelled/);
  });

  it("with an altered header are refused or run, and never end the process", async () => {
    const file = path.join(dir, "altered.gguf");
    writeTinyModel(file, { layers: 1, heads: 2, kvHeads: 1, headDim: 32 });
    const good = readFileSync(file);
    let refused = 0;
    for (let seed = 0; seed < 100; seed++) {
      writeFileSync(file, alterHeader(good, 11_000, seed));
      try {
        const model = await runtime.loadModel(file);
        const context = await runtime.native.createContext(model.handle, { ...SMALL_CONTEXT, contextSize: 256 });
        await context.prefill(Int32Array.of(5, 6, 7));
        await context.dispose();
        await model.dispose();
      } catch (error) {
        if (!(error instanceof LongsightError) || error.code !== "LS-303") throw error;
        refused++;
      }
    }
    // most changes hit a length or a type; some only the name of a token
    assert.ok(refused > 20 && refused < 100, `${refused} of 100 refused`);
  });
});
