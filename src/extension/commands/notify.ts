import * as vscode from "vscode";
import { commands, type CommandId } from "../../shared/contributions";
import type { ErrorValue } from "../../shared/errors";
import { errorValueOf } from "../errors";

/** Commands that mend an error, by its code; the log is offered always. */
const mends: Readonly<Record<string, CommandId>> = {
  "LS-302": commands.chooseModel,
  "LS-303": commands.chooseModel,
  "LS-306": commands.chooseModel,
  "LS-407": commands.restartEngine,
};

/** Tells the user that what they started failed; a cancelled action is no failure. */
export async function notifyFailure(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const value = errorValueOf(error);
  log.error(`${value.code} ${value.message}`);
  if (value.code === "LS-900") return;
  const actions = [mends[value.code], commands.openLog].filter((command) => command !== undefined);
  const labels = new Map(actions.map((command) => [actionLabel(command), command]));
  const picked = await vscode.window.showErrorMessage(sentence(value), ...labels.keys());
  const command = picked === undefined ? undefined : labels.get(picked);
  if (command !== undefined) await vscode.commands.executeCommand(command);
}

/** The command that mends an error, for a button; null when there is none. */
export function mendOf(code: string): vscode.Command | null {
  const command = mends[code];
  return command === undefined ? null : { command, title: actionLabel(command) };
}

const sentence = ({ message, wayOut }: ErrorValue): string => `${message} ${wayOut}`;

function actionLabel(command: CommandId): string {
  switch (command) {
    case commands.chooseModel:
      return vscode.l10n.t("Choose a Model");
    case commands.restartEngine:
      return vscode.l10n.t("Restart Engine");
    default:
      return vscode.l10n.t("Show Log");
  }
}
