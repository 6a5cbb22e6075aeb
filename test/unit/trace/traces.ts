import type { Trace, TracedFile, TraceStep } from "../../../src/engine/trace/types";
import type { Interval, TracePhase } from "../../../src/shared/trace";

/** Encodes selections as the addon does: per layer a varint count, then the token indices as varint differences. */
export function encode(layers: readonly (readonly number[])[]): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number): void => {
    for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
    bytes.push(value);
  };
  for (const tokens of layers) {
    varint(tokens.length);
    tokens.forEach((token, i) => varint(token - (tokens[i - 1] ?? 0)));
  }
  return Uint8Array.from(bytes);
}

/** A file whose tokens are the given pieces. */
export function fileOf(path: string, start: number, pieces: readonly string[]): TracedFile {
  const offsets = new Int32Array(pieces.length + 1);
  pieces.forEach((piece, i) => (offsets[i + 1] = offsets[i]! + piece.length));
  return { path, uri: `file:///w/${path}`, start, count: pieces.length, text: pieces.join(""), offsets };
}

export function stepOf(
  selectable: Interval,
  layers: readonly (readonly number[])[],
  text = "x",
  phase: TracePhase = "answer",
): TraceStep {
  return { phase, text: phase === "answer" ? text : "", selectable, selection: encode(layers) };
}

export function traceOf(parts: Pick<Trace, "files" | "steps"> & Partial<Trace>): Trace {
  return {
    id: "20250101T000000000-abcdef",
    workspace: "file:///w",
    question: "Where?",
    asOf: "2025-01-01T00:00:00.000Z",
    model: "tiny",
    layers: 2,
    k: 4,
    initial: 2,
    local: 4,
    contextTokens: 40,
    ...parts,
  };
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A trace with random files, lines, selections and growing selectable intervals. */
export function randomTrace(seed: number, shape: { files: number; steps: number; layers: number }): Trace {
  const random = generator(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const words = ["a", " b", "\n", " word", ";\n  ", "日", "\r\n", "()"];
  const files: TracedFile[] = [];
  let at = 5;
  for (let i = 0; i < shape.files; i++) {
    const pieces = Array.from({ length: below(60) }, () => words[below(words.length)]!);
    files.push(fileOf(`d${i % 3}/f${i}.ts`, at, pieces));
    at += pieces.length + 1 + below(4);
  }
  const initial = 8;
  const steps = Array.from({ length: shape.steps }, (_, s) => {
    const end = at - 20 + s;
    const layers = Array.from({ length: shape.layers }, () => {
      const chosen = new Set<number>();
      for (let i = below(40); i > 0; i--) chosen.add(initial + below(end - initial));
      return [...chosen].sort((a, b) => a - b);
    });
    return stepOf([initial, end], layers, `t${s} `, s % 5 === 4 ? "question" : "answer");
  });
  return traceOf({ files, steps, layers: shape.layers, k: 40, initial, local: 20, contextTokens: at });
}
