import * as vscode from "vscode";
import type { AskParams, AskRange, Mention, QuestionForm } from "../../shared/protocol";
import { rangeLabel } from "../ask/rangeLabel";
import { fenced } from "../commands/fence";
import { workspaceFile } from "../views/openLocation";

/** Commands of the chat participant and the forms of question that they stand for. */
const forms: Readonly<Record<string, QuestionForm>> = {
  explain: "explain",
  where: "whereIs",
  uses: "whoUses",
  why: "why",
};

export const participantId = "longsight.chat";

/**
 * What the engine is asked for a request of the editor's chat. Files and ranges that it refers to become mentions, text
 * becomes part of the question; the conversation is the one that the last answer of this chat was kept in.
 */
export function chatQuestion(
  { prompt, command, references }: Pick<vscode.ChatRequest, "prompt" | "command" | "references">,
  { history }: Pick<vscode.ChatContext, "history">,
): Omit<AskParams, "askId"> {
  const mentions = references.flatMap(({ value }) => mentionOf(value) ?? []);
  const texts = references.flatMap(({ value }) =>
    typeof value === "string" ? [fenced(value, (count) => vscode.l10n.t("{0} characters left out", count))] : [],
  );
  const conversation = lastConversation(history);
  const form = command === undefined ? undefined : forms[command];
  return {
    question: [prompt.trim() === "" ? questionOf(form) : prompt, ...texts].join("\n\n"),
    ...(form !== undefined && { form }),
    ...(mentions.length > 0 && { mentions: mentions.slice(0, 64) }),
    ...(conversation !== null && { conversation }),
  };
}

/** A file or lines of the workspace; anything else is no mention. */
function mentionOf(value: unknown): Mention | null {
  const location = value instanceof vscode.Location ? value : null;
  const given = location?.uri ?? (value instanceof vscode.Uri ? value : null);
  const uri = given === null ? null : workspaceFile(given.toString());
  if (uri === null) return null;
  if (location === null) return { uri: uri.toString(), label: `@${vscode.workspace.asRelativePath(uri)}` };
  const { start, end } = location.range;
  const range: AskRange = { uri: uri.toString(), startLine: start.line + 1, endLine: end.line + 1 };
  return { ...range, label: `@${rangeLabel(range)}` };
}

function lastConversation(history: vscode.ChatContext["history"]): string | null {
  for (const turn of [...history].reverse()) {
    if (!("result" in turn) || turn.participant !== participantId) continue;
    const kept: unknown = turn.result.metadata?.["conversation"];
    if (typeof kept === "string") return kept;
  }
  return null;
}

/** The question of a command without words of its own. */
function questionOf(form: QuestionForm | undefined): string {
  switch (form) {
    case "explain":
      return vscode.l10n.t("Explain this.");
    case "whoUses":
    case "whereIs":
      return vscode.l10n.t("Where is this used?");
    case "why":
      return vscode.l10n.t("Why is this written this way?");
    default:
      return vscode.l10n.t("What does this workspace do, and where does it begin?");
  }
}
