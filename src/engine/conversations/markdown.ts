/** A conversation as a Markdown document. What was read or written by a model cannot change the document around it. */
import type { KeptConversation, KeptTurn } from "../../shared/conversation";
import type { Citation } from "../../shared/protocol";

/** Title, then each question with its answer, its sources as `path:line`, and what it was answered from. */
export function toMarkdown(conversation: KeptConversation): string {
  const parts = [`# ${plainLine(conversation.title)}`, ...conversation.turns.flatMap(turnParts)];
  return `${parts.join("\n\n")}\n`;
}

function turnParts(turn: KeptTurn, index: number): string[] {
  const about =
    turn.selection === null ? [] : [`About ${codeSpan(placeOf(decodePath(turn.selection.uri), turn.selection))}`];
  return [`## Question ${index + 1}`, safeMarkdown(turn.question), ...about, ...answerParts(turn)];
}

function answerParts({ answer, error, askedAt }: KeptTurn): string[] {
  if (error !== null) return [`_Not answered: ${plainLine(error.message)} (${plainLine(error.code)})_`];
  if (answer === null) return ["_Not answered._"];
  const { text, citations, asOf, model, stopReason, droppedTurns = 0 } = answer;
  const sources = [...new Set(citations.map((citation) => `- ${codeSpan(placeOf(citation.path, citation))}`))];
  const facts = [
    `asked ${plainLine(askedAt)}`,
    `files as of ${plainLine(asOf)}`,
    ...(model === undefined ? [] : [`model ${codeSpan(model)}`]),
    ...(stopReason === "stopped" ? ["stopped by hand"] : stopReason === "length" ? ["cut at the longest answer"] : []),
    ...(droppedTurns > 0 ? [`without the first ${droppedTurns} turns`] : []),
  ];
  return [
    "### Answer",
    safeMarkdown(text),
    ...(sources.length === 0 ? [] : [`Sources:\n\n${sources.join("\n")}`]),
    `_${facts.join(" · ")}_`,
  ];
}

function placeOf(path: string, { startLine, endLine }: Pick<Citation, "startLine" | "endLine">): string {
  return `${path}:${startLine}${endLine === startLine ? "" : `-${endLine}`}`;
}

function decodePath(uri: string): string {
  try {
    return decodeURIComponent(new URL(uri).pathname);
  } catch {
    return uri; // as it is, rather than not at all
  }
}

const FENCE = /^\s*(`{3,}|~{3,})\s*([\w+#.-]{0,30})\s*$/;

/**
 * Markdown that holds words, emphasis, lists, code spans and code blocks, and nothing else: no HTML, images or links, and
 * every code block is closed. Blocks get fences longer than any run of backticks in them.
 */
export function safeMarkdown(text: string): string {
  const out: string[] = [];
  let block: { readonly fence: string; readonly language: string; readonly lines: string[] } | null = null;
  for (const line of text.split(/\r\n|[\r\n]/)) {
    const [, fence = "", language = ""] = FENCE.exec(line) ?? [];
    if (block === null) {
      if (fence === "") out.push(safeLine(line));
      else block = { fence, language, lines: [] };
    } else if (language === "" && fence.startsWith(block.fence)) {
      out.push(fenced(block.lines, block.language));
      block = null;
    } else {
      block.lines.push(line);
    }
  }
  if (block !== null) out.push(fenced(block.lines, block.language));
  return out.join("\n");
}

function fenced(lines: readonly string[], language: string): string {
  const content = lines.join("\n");
  const fence = "`".repeat(longestRun(content, 2) + 1);
  return `${fence}${language}\n${content}\n${fence}`;
}

/** One line of prose: code spans that end on the line stay, all other markup but emphasis and lists is escaped. */
function safeLine(line: string): string {
  let out = "";
  let at = 0;
  for (const match of line.matchAll(/(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)/g)) {
    out += escape(line.slice(at, match.index)) + codeSpan(match[2] ?? "");
    at = match.index + match[0].length;
  }
  out += escape(line.slice(at));
  // No heading, no rule that makes one of the line above, no other fence.
  return out.replace(/^(\s*)(#|~~~|(?:=+|-+)\s*$)/, "$1\\$2");
}

const escape = (text: string): string => text.replace(/[\\`<>[\]&]/g, "\\$&");

const plainLine = (text: string): string => escape(printable(text)).replace(/[*_#~]/g, "\\$&");

/** Text between backticks that it cannot close. */
function codeSpan(text: string): string {
  const content = printable(text);
  const ticks = "`".repeat(longestRun(content, 0) + 1);
  const space = content.startsWith("`") || content.endsWith("`") ? " " : "";
  return `${ticks}${space}${content}${space}${ticks}`;
}

function longestRun(text: string, least: number): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), least);
}

/** File names may hold line breaks. */
function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, " ");
}
