/** The text around each file: a heading with its path, and a fence that the file cannot close. */
import { countLines } from "../../shared/lines";
import type { Document } from "../workspace/types";

/** Bytes of source code per token, over the vocabularies of current models. */
const BYTES_PER_TOKEN = 3.5;
/** Tokens of heading and fences besides the path. */
const FRAME_TOKENS = 14;

/** What stands before and after the text of one file. */
export interface FileFrame {
  readonly header: string;
  readonly footer: string;
}

/**
 * Heading, fence and language before a file's text, and the closing fence after it:
 *
 *     ### src/app.ts (120 lines)
 *     ```typescript
 *
 * @param outline what of the text stands between the fences; null: all of it
 */
export function fileFrame(document: Document, text: string, outline: string | null = null): FileFrame {
  const inside = outline ?? text;
  const fence = fenceFor(inside);
  const language = document.languageId === "plaintext" ? "" : document.languageId;
  const lines = countLines(text);
  const size = `${outline === null ? "" : "declarations only, of "}${lines} ${lines === 1 ? "line" : "lines"}`;
  const header = `### ${printable(document.path)} (${size})\n${fence}${language}\n`;
  const lastLineEnds = inside === "" || /[\r\n]$/.test(inside);
  return { header, footer: `${lastLineEnds ? "" : "\n"}${fence}\n\n` };
}

/** Tokens of a document with its frame, from its size alone. */
export function estimateTokens(document: Document): number {
  return Math.ceil((document.bytes + document.path.length) / BYTES_PER_TOKEN) + FRAME_TOKENS;
}

/** Tokens of a short text, from its length alone. */
export function estimateTextTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text, "utf8") / BYTES_PER_TOKEN);
}

/** A run of backticks longer than any in the text. */
function fenceFor(text: string): string {
  let longest = 2;
  for (const run of text.match(/`{3,}/g) ?? []) longest = Math.max(longest, run.length);
  return "`".repeat(longest + 1);
}

/** File names may hold line breaks: they would end the heading. */
export function printable(path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return path.replace(/[\u0000-\u001f\u007f]/g, "?");
}
