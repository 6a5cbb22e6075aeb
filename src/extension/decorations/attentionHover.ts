import * as vscode from "vscode";
import { commands } from "../../shared/contributions";
import { wordsBySelection } from "./answerWords";
import { gradeOf } from "./grades";
import type { AnswerToken, StepSelection } from "../../shared/trace";

/** Words of the answer that a hover names. */
const WORDS = 8;
const QUESTION_LENGTH = 120;

/** What a hover says about one line. */
export interface HoveredLine {
  readonly question: string;
  readonly lift: number;
  readonly answer: readonly AnswerToken[];
  readonly steps: readonly StepSelection[];
}

/** Why a line is painted; null when it is not. Text of the workspace and of the answer shows as text. */
export function attentionHover({ question, lift, answer, steps }: HoveredLine): vscode.MarkdownString | null {
  if (gradeOf(lift) === 0) return null;
  const text = new vscode.MarkdownString("", true);
  text.isTrusted = { enabledCommands: [commands.showAttention] };
  const say = (sentence: string): void => void text.appendText(sentence).appendMarkdown("\n\n");
  text.appendMarkdown("$(eye) ");
  say(vscode.l10n.t("Selected {0} times its fair share while this was answered:", lift.toFixed(1)));
  say(shorten(question));
  const words = wordsBySelection(answer, steps, WORDS).map((word) => word.text);
  if (words.length > 0) say(vscode.l10n.t("Most for these words of the answer: {0}", words.join(" · ")));
  say(vscode.l10n.t("Selected means that attention looked here, not that the answer follows from it."));
  return text.appendMarkdown(`[${vscode.l10n.t("Show Attention")}](command:${commands.showAttention})`);
}

function shorten(question: string): string {
  const line = question.replace(/\s+/g, " ").trim();
  return line.length <= QUESTION_LENGTH ? line : `${line.slice(0, QUESTION_LENGTH)}…`;
}
