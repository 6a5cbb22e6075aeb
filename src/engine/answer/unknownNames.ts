import { findSymbolMentions } from "./mentions";

/** Names shorter than this are variables of an example as often as anything. */
const LEAST = 3;

/**
 * Names in code marks of an answer that stand nowhere in the repository: the model may have made them up. A name counts as
 * known when it is a part of another one, so that few are named wrongly.
 * @param stands whether a name is in what was read, or declared anywhere
 */
export function unknownNames(answer: string, stands: (name: string) => boolean): string[] {
  const quoted = findSymbolMentions(answer).filter(({ at }) => answer[at[0] - 1] === "`" && answer[at[1]] === "`");
  const names = quoted.flatMap(({ parts }) => parts).filter((name) => name.length >= LEAST);
  return [...new Set(names)].filter((name) => !stands(name));
}
