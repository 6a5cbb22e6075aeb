import type { TraceComparison } from "../../shared/trace";
import type { PartColumns } from "../../shared/traceSums";
import type { Choice, TraceIndex } from "./query";
import type { TracedFile } from "./types";

/**
 * What two choices have in common. Tokens are compared where both contexts are the same; files that differ count only in
 * the shares by file.
 */
export function compareChoices(a: TraceIndex, choiceA: Choice, b: TraceIndex, choiceB: Choice): TraceComparison {
  const sameContext = a === b || sameFiles(a.trace.files, b.trace.files);
  return {
    sameContext,
    tokensInBoth: sameContext ? tokensInBoth(a.counts(choiceA), b.counts(choiceB)) : null,
    halfOfFirst: filesOfHalf(a.columns(choiceA, a.fileParts)),
    halfOfSecond: filesOfHalf(b.columns(choiceB, b.fileParts)),
  };
}

/** Share of the tokens selected by either that both selected: 0 to 1. */
function tokensInBoth(a: Uint32Array, b: Uint32Array): number {
  let both = 0;
  let either = 0;
  for (let token = 0; token < Math.min(a.length, b.length); token++) {
    const [inA, inB] = [a[token] !== 0, b[token] !== 0];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 0 : both / either;
}

/** Number of files that hold half of all selections in files. */
function filesOfHalf({ selected, stride }: PartColumns): number {
  const sums = Array.from({ length: stride - 1 }, (_, file) => selected[file] ?? 0).sort((x, y) => y - x);
  const half = sums.reduce((sum, count) => sum + count, 0) / 2;
  let sum = 0;
  let files = 0;
  while (sum < half && files < sums.length) sum += sums[files++] ?? 0;
  return files;
}

function sameFiles(a: readonly TracedFile[], b: readonly TracedFile[]): boolean {
  return (
    a.length === b.length &&
    a.every((file, number) => {
      const other = b[number];
      const sameName = other?.path === file.path && other.start === file.start;
      return sameName && other.count === file.count && other.text === file.text;
    })
  );
}
