import * as vscode from "vscode";
import { userErrors } from "../../shared/errors";
import { fenced } from "./fence";

/**
 * What is selected in the active terminal, fenced. There is no API for it, so it goes through the clipboard, which is as
 * before afterwards.
 * @throws LongsightError LS-409 when nothing is selected there
 */
export async function terminalSelection(): Promise<string> {
  const kept = await vscode.env.clipboard.readText();
  try {
    await vscode.env.clipboard.writeText("");
    await vscode.commands.executeCommand("workbench.action.terminal.copySelection");
    const text = await vscode.env.clipboard.readText();
    if (text.trim() === "") throw userErrors.noCodeChosen();
    return fenced(text, (characters) => vscode.l10n.t("{0} characters left out", characters));
  } finally {
    await vscode.env.clipboard.writeText(kept);
  }
}
