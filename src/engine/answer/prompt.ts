/**
 * Words around the context and the question. Short and in plain orders: models of half a billion parameters read them
 * too. Line numbers are not asked for, since the context has none: they are found from the names.
 */
export const SYSTEM_TEXT =
  "You are an expert programmer who answers questions about one code repository. Its files follow, then the question. " +
  "Answer from these files only, and say so when they do not hold the answer.";

/** Said again after the files: small models follow what they read last. */
const INSTRUCTION =
  "Answer the question from the files above, in a few sentences. Put the names of the files and functions that the " +
  "answer rests on in backticks.";

/** The lines that a question is about. */
export interface QuestionSelection {
  readonly path: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly text: string;
}

/** Longest selection that is repeated beside the question, in characters: the file itself is in the context. */
const MAX_SELECTION = 6000;

/** Words between the last file and the question. */
export function questionText(question: string, selection: QuestionSelection | null): string {
  const parts = ["\n\nEnd of the files."];
  if (selection !== null) {
    const { path, startLine, endLine, text } = selection;
    const shown = text.length > MAX_SELECTION ? `${text.slice(0, MAX_SELECTION)}\n…` : text;
    const fence = fenceFor(shown);
    parts.push(`The question is about lines ${startLine} to ${endLine} of \`${path}\`:\n${fence}\n${shown}\n${fence}`);
  }
  parts.push(`${INSTRUCTION}\n\nQuestion: ${question.trim()}`);
  return parts.join("\n\n");
}

/** A run of backticks longer than any in the text. */
function fenceFor(text: string): string {
  const longest = (text.match(/`{3,}/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  return "`".repeat(longest + 1);
}
