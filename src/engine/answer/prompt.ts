/**
 * Words around the context and the question. Short and in plain orders: models of half a billion parameters read them
 * too. Line numbers are not asked for where nothing shows them: they are found from the names.
 */
import type { QuestionForm } from "../../shared/protocol";

export const SYSTEM_TEXT =
  "You are an expert programmer who answers questions about one code repository. Its files follow, then the question. " +
  "Answer from these files only, and say so when they do not hold the answer.";

const NAMES = "Put the names of the files and functions that the answer rests on in backticks.";

/** Said again after the files: small models follow what they read last. */
const INSTRUCTIONS: Readonly<Record<QuestionForm, string>> = {
  ask: `Answer the question from the files above, in a few sentences. ${NAMES}`,
  explain: `Explain from the files above, step by step, what the code does and what it is for. ${NAMES}`,
  whereIs: `Say from the files above in which file and in which function or class it is, in one or two sentences. ${NAMES}`,
  whoUses: `List from the files above every place that uses it: the file and the function, one per line. ${NAMES}`,
  why: `Give from the files above, their comments and tests the reason that the code is as it is, and say so when none is given. ${NAMES}`,
};

/** With excerpts that show their lines. */
const CITE = "Name the places that the answer rests on as `path:line`, as in the headings of the excerpts.";

/** The lines that a question is about. */
export interface QuestionSelection {
  readonly path: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly text: string;
}

/** What is asked, with all that goes along. */
export interface Question {
  readonly text: string;
  readonly form: QuestionForm;
  readonly selection: QuestionSelection | null;
  /** Files and places that it mentions, as the user wrote them. */
  readonly mentioned: readonly string[];
  /** Those of them that are not in the context, with their text. */
  readonly attached: readonly QuestionSelection[];
  /** Names of code in the question that stand nowhere in the files. */
  readonly absent: readonly string[];
}

/** Longest selection that is repeated beside the question, in characters: the file itself is in the context. */
const MAX_SELECTION = 6000;

/** What follows the last file, before any question. */
export const END_OF_FILES = "\n\nEnd of the files.\n\n";

/** Words of the question's turn up to the question itself. */
export function introText({ form, selection, mentioned, attached, absent }: Question, hasExcerpts: boolean): string {
  const parts: string[] = [];
  if (selection !== null) {
    const { path, startLine, endLine } = selection;
    const text =
      selection.text.length > MAX_SELECTION ? `${selection.text.slice(0, MAX_SELECTION)}\n…` : selection.text;
    parts.push(`The question is about lines ${startLine} to ${endLine} of \`${path}\`:\n${fenced(text)}`);
  }
  if (attached.length > 0) parts.push(`These are not among the files:\n\n${attached.map(headed).join("\n\n")}`);
  if (mentioned.length > 0) parts.push(`Look at ${mentioned.map((label) => `\`${label}\``).join(", ")}.`);
  if (absent.length > 0) {
    const names = absent.map((name) => `\`${name}\``).join(", ");
    parts.push(`${names} ${absent.length === 1 ? "stands" : "stand"} nowhere in these files: say so.`);
  }
  parts.push(hasExcerpts ? `${INSTRUCTIONS[form]} ${CITE}` : INSTRUCTIONS[form]);
  return `${parts.join("\n\n")}\n\n`;
}

/** The question itself; its tokens are what the focus pass goes by. */
export function askText(question: string): string {
  return `Question: ${question.trim()}`;
}

/** Spans of the context that are repeated after it, each under its `path:start-end`. */
export function excerptsText(spans: readonly QuestionSelection[]): string {
  return `Excerpts of these files:\n\n${spans.map(headed).join("\n\n")}\n\n`;
}

function headed({ path, startLine, endLine, text }: QuestionSelection): string {
  return `${path}:${startLine}-${endLine}\n${fenced(text)}`;
}

function fenced(text: string): string {
  const fence = fenceFor(text);
  return `${fence}\n${text}\n${fence}`;
}

/** A run of backticks longer than any in the text. */
function fenceFor(text: string): string {
  const longest = (text.match(/`{3,}/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  return "`".repeat(longest + 1);
}
