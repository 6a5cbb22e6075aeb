import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { commands } from "../../shared/contributions";

/** The engine's code lenses and code actions as this editor shows them: in its language, and lenses only when wanted. */
export const codeLinks = {
  provideCodeLenses: async (document, token, next) => {
    if (!wanted(document)) return [];
    const lenses = await next(document, token);
    for (const { command } of lenses ?? []) if (command !== undefined) command.title = titleOf(command);
    return lenses;
  },
  provideCodeActions: async (document, range, context, token, next) => {
    const actions = await next(document, range, context, token);
    for (const action of actions ?? []) {
      const command = typeof action.command === "string" ? (action as vscode.Command) : action.command;
      if (command !== undefined) action.title = vscode.l10n.t("Longsight: {0}", titleOf(command));
    }
    return actions;
  },
} satisfies Middleware;

const wanted = (document: vscode.TextDocument): boolean =>
  vscode.workspace.getConfiguration("longsight", document.uri).get<boolean>("codeLens", false);

function titleOf({ command, title }: vscode.Command): string {
  switch (command) {
    case commands.askAboutSelection:
      return vscode.l10n.t("Ask");
    case commands.explain:
      return vscode.l10n.t("Explain");
    case commands.whereUsed:
      return vscode.l10n.t("Where used?");
    case commands.why:
      return vscode.l10n.t("Why so?");
    default:
      return title;
  }
}
