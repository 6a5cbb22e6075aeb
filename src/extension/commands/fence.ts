/** Longest output that is put into a question, in UTF-16 units, and how much of it is taken from the start. */
const LONGEST = 10_000;
const HEAD = 2_000;

/**
 * Text as a fenced block that it cannot end: the fence is longer than any run of backticks in it. Of long text the start
 * and the end stay, with the number of characters between them, named by `leftOut`.
 */
export function fenced(text: string, leftOut: (characters: number) => string): string {
  const bare = text.replace(/\r\n?/g, "\n").replace(/\s+$/, "");
  const cut = bare.length - LONGEST;
  const shown = cut <= 0 ? bare : `${bare.slice(0, HEAD)}\n[${leftOut(cut)}]\n${bare.slice(HEAD + cut)}`;
  const longestRun = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(Math.max(3, longestRun + 1));
  return `${fence}\n${shown}\n${fence}`;
}
