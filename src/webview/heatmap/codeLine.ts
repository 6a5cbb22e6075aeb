import type { FileTraceLine, TokenSelection } from "../../shared/trace";
import { t } from "../common/l10n";
import { countClass } from "./colour";
import { h, type Child } from "./dom";

/** Content of one code line: number, mark, and the text with a span for each counted token. */
export function codeLine(
  number: number,
  line: FileTraceLine | undefined,
  mean: number,
  maxCount: number,
): readonly Child[] {
  const mark = h("span", { class: `mark l${countClass(mean, maxCount)}` });
  const children: Child[] = [h("span", { class: "line-number" }, String(number)), mark];
  if (line === undefined) return children;
  return [...children, h("span", { class: "line-text" }, ...spans(line, maxCount))];
}

function spans({ text, tokens, more }: FileTraceLine, maxCount: number): readonly Child[] {
  const children: Child[] = [];
  let at = 0;
  tokens.forEach((token, index) => {
    if (token.count === 0 || token.column < at) return;
    const end = token.column + token.length;
    const start = end - text.slice(token.column, end).trimStart().length;
    if (start >= end) return;
    if (start > at) children.push(text.slice(at, start));
    at = end;
    const level = countClass(token.count, maxCount);
    children.push(h("span", { class: `code-token l${level}`, "data-token": index }, text.slice(start, end)));
  });
  children.push(text.slice(at));
  if (more !== undefined) children.push(h("span", { class: "dim" }, t(" … {0} more tokens", more)));
  return children;
}

/** Text of a token of a line. */
export function tokenText({ text }: FileTraceLine, { column, length }: TokenSelection): string {
  return text.slice(column, column + length);
}
