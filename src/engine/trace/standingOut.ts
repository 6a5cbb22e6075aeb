import type { FileSelection } from "../../shared/trace";

/**
 * How far a file's selections stand out from chance: (selected - expected) / sqrt(expected), where expected = selected / lift
 * is what a file of its size would get if tokens were selected at random. Lift alone puts files of a few tokens first, since
 * theirs varies most.
 */
export function standingOut({ selected, lift }: Pick<FileSelection, "selected" | "lift">): number {
  if (selected === 0 || lift === 0) return 0;
  const expected = selected / lift;
  return (selected - expected) / Math.sqrt(expected);
}
