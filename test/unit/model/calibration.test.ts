import assert from "node:assert/strict";
import { calibrationTokens, projectionsPath, takePieces } from "../../../src/engine/model/calibration";
import { LongsightError } from "../../../src/shared/errors";

/** One token for every four characters: the number of the first line that it touches. */
function tokenize(text: string): Int32Array {
  const tokens: number[] = [];
  for (let at = 0; at < text.length; at += 4) {
    tokens.push(Number(/line (\d+)/.exec(text.slice(text.lastIndexOf("\n", at) + 1))?.[1] ?? 0));
  }
  return Int32Array.from(tokens);
}

/** `count` files of `lines` lines each; the lines of all files are numbered through. */
function repository(
  count: number,
  lines: number,
): { texts: { bytes: number; read: () => Promise<string> }[]; reads: () => number } {
  let reads = 0;
  const texts = Array.from({ length: count }, (_, file) => {
    const text = Array.from(
      { length: lines },
      (_line, index) => `line ${String(file * lines + index).padStart(6, "0")} of the text\n`,
    ).join("");
    const read = (): Promise<string> => {
      reads++;
      return Promise.resolve(text);
    };
    return { bytes: Buffer.byteLength(text), read };
  });
  return { texts, reads: () => reads };
}

const options = { tokenize, keyWidth: 256, trainedContext: 8192 };

describe("text for calibration", () => {
  it("comes in pieces of 512 tokens from all over the repository", async () => {
    const { texts } = repository(40, 500);
    const pieces = await takePieces({ ...options, texts });
    assert.equal(pieces.length, 8);
    assert.ok(pieces.every((piece) => piece.length === 512));
    const starts = pieces.map((piece) => piece[0] ?? 0);
    // Eight places, an eighth of 20,000 lines apart.
    starts.forEach((start, index) => {
      assert.ok(Math.abs(start - index * 2500) < 60, `piece ${index} begins at line ${start}`);
    });
  });
  it("is read only where it is needed", async () => {
    const { texts, reads } = repository(400, 100);
    await takePieces({ ...options, texts });
    assert.ok(reads() <= 24, `${reads()} files were read`);
  });
  it("crosses files when they are short, and takes nothing twice", async () => {
    const { texts } = repository(2000, 2);
    const pieces = await takePieces({ ...options, texts });
    const seen = new Set<number>();
    for (const piece of pieces) {
      for (const line of new Set(piece)) {
        assert.ok(!seen.has(line), `line ${line} is in two pieces`);
        seen.add(line);
      }
    }
  });
  it("is more for models with wide keys, within bounds", () => {
    assert.deepEqual([64, 256, 1024, 8192].map(calibrationTokens), [4096, 4096, 8192, 16_384]);
  });
  it("has pieces that fit into the trained context", async () => {
    const { texts } = repository(40, 500);
    const pieces = await takePieces({ ...options, texts, trainedContext: 128 });
    assert.ok(pieces.every((piece) => piece.length <= 128));
    assert.equal(pieces.length, 32);
  });
  it("is refused when there is too little of it", async () => {
    const { texts } = repository(2, 20);
    await assert.rejects(takePieces({ ...options, texts }), (error) => {
      assert.ok(error instanceof LongsightError);
      assert.equal(error.code, "LS-406");
      assert.match(error.message, /needs 2048 tokens/);
      return true;
    });
  });
  it("stops when it is cancelled", async () => {
    const { texts } = repository(40, 500);
    await assert.rejects(takePieces({ ...options, texts, signal: AbortSignal.abort() }), { code: "LS-900" });
  });
});

describe("the place of projections", () => {
  const key = { modelFingerprint: "m", projection: 64, vote: "norm", local: 4096, nativeVersion: "1" } as const;
  it("depends on everything that they depend on", () => {
    const paths = [
      key,
      { ...key, modelFingerprint: "n" },
      { ...key, projection: 128 },
      { ...key, vote: "sum" as const },
      { ...key, local: 2048 },
      { ...key, nativeVersion: "2" },
    ].map((entry) => projectionsPath("/data", entry));
    assert.equal(new Set(paths).size, paths.length);
    assert.equal(projectionsPath("/data", { ...key }), paths[0]);
  });
});
