import { fileOf } from "../../unit/trace/traces";
import { seeded } from "../../unit/heatmap/fixture";
import type { TracePhase } from "../../../src/shared/trace";
import type { Trace, TracedFile, TraceStep } from "../../../src/engine/trace/types";

/** Size of an invented trace. */
export interface TraceShape {
  readonly files: number;
  readonly tokens: number;
  readonly layers: number;
  readonly steps: number;
  readonly k: number;
}

const initial = 128;
const local = 4096;

/** A trace in the real format: files of very different sizes, steps that look at a few files and at chance everywhere. */
export function inventTrace({ files: count, tokens, layers, steps, k }: TraceShape): Trace {
  const random = seeded(11);
  const weights = Array.from({ length: count }, () => 0.2 + random() ** 6 * 40);
  const scale = (tokens - local - initial) / weights.reduce((sum, weight) => sum + weight, 0);
  const files: TracedFile[] = [];
  let at = initial;
  weights.forEach((weight, number) => {
    const size = Math.max(4, Math.floor(weight * scale));
    files.push(fileOf(pathOf(number, random), at, pieces(size, random)));
    at += size;
  });
  const words = ["The", " hold", " is", " kept", " until", " its", " grace", " period", " ends", ".", " Then", " it"];
  const phases = Array.from({ length: steps + 1 }, (_, step): TracePhase => (step === 0 ? "question" : "answer"));
  return {
    id: "20260101T000000000-abcdef",
    workspace: "file:///invented",
    question: "What happens to a berth hold when its payment fails?",
    asOf: "2026-01-01T00:00:00.000Z",
    model: "invented",
    layers,
    k,
    initial,
    local,
    contextTokens: at + local,
    files,
    steps: phases.map((phase, step): TraceStep => {
      const end = at + step;
      const focus = Array.from({ length: 6 }, () => files[Math.floor(random() * count)]).flatMap((file) => file ?? []);
      return {
        phase,
        text: phase === "answer" ? (words[step % words.length] ?? "") : "",
        selectable: [initial, end],
        selection: selectionOf(layers, k, end, focus, random),
      };
    }),
  };
}

function pathOf(number: number, random: () => number): string {
  const part = (letter: string, of: number): string => `${letter}${Math.floor(random() ** 2 * of)}`;
  return `packages/${part("p", 40)}/src/${part("m", 30)}/${part("d", 8)}/file${number}.ts`;
}

/** Tokens of code: a function of some lines, again and again. */
function pieces(size: number, random: () => number): string[] {
  const line = ["  const", " value", " =", " store", ".get", "(", "key", ")", ";", "\n"];
  const made: string[] = [];
  while (made.length < size) {
    made.push("export", " function", ` f${made.length}`, "(", "key", ")", " {", "\n");
    for (let lines = 2 + Math.floor(random() * 8); lines > 0; lines--) made.push(...line);
    made.push("}", "\n");
  }
  return made.slice(0, size);
}

/** As the addon encodes it: per layer a varint count, then ascending tokens as varint differences. */
function selectionOf(
  layers: number,
  k: number,
  end: number,
  focus: readonly TracedFile[],
  random: () => number,
): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number): void => {
    for (; value > 0x7f; value = Math.floor(value / 128)) bytes.push((value % 128) | 0x80);
    bytes.push(value);
  };
  for (let layer = 0; layer < layers; layer++) {
    const chosen = new Set<number>();
    const near = 0.1 + 0.6 * (layer / layers);
    while (chosen.size < k) {
      const file = random() < near ? focus[Math.floor(random() * focus.length)] : undefined;
      if (file === undefined || file.count < k / 4) chosen.add(initial + Math.floor(random() * (end - initial)));
      else chosen.add(file.start + Math.floor(random() * file.count));
    }
    const tokens = Int32Array.from(chosen).sort();
    varint(tokens.length);
    tokens.forEach((token, at) => varint(token - (tokens[at - 1] ?? 0)));
  }
  return Uint8Array.from(bytes);
}
