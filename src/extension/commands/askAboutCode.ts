import * as vscode from "vscode";
import type { QuestionForm } from "../../shared/protocol";
import type { AskController } from "../ask/askController";
import type { EngineClient } from "../engineClient";
import type { AskViewProvider } from "../views/askView";
import { codeTarget } from "./codeTarget";
import { terminalSelection } from "./terminalSelection";

interface Asking {
  readonly engine: EngineClient;
  readonly controller: AskController;
  readonly askView: AskViewProvider;
}

/** Forms that have a command; each has its question. */
export type CodeForm = Extract<QuestionForm, "explain" | "whoUses" | "why">;

/** Opens the Ask view with the code as the subject of the next question. @throws LongsightError LS-409 */
export async function askAbout({ engine, askView }: Asking, given: unknown): Promise<void> {
  const { selection } = await codeTarget(engine, given);
  await askView.show("", selection);
}

/** Asks a question of a form about code, and shows the answer. @throws LongsightError LS-409 */
export async function askInForm(asking: Asking, form: CodeForm, given: unknown): Promise<void> {
  const { selection, name } = await codeTarget(asking.engine, given);
  const { controller, askView } = asking;
  const question = questionFor(form, name);
  // One question at a time: while another is answered, this one waits in the input.
  if (controller.answering) return askView.show(question, selection);
  await askView.show(null, null);
  await controller.ask(question, selection, { form });
}

/** Asks what the text that is selected in the terminal means. @throws LongsightError LS-409 */
export async function explainTerminal({ controller, askView }: Asking): Promise<void> {
  const output = await terminalSelection();
  const question = `${vscode.l10n.t("Explain this output, and name the code that it comes from.")}\n\n${output}`;
  if (controller.answering) return askView.show(question, null);
  await askView.show(null, null);
  await controller.ask(question, null, { form: "explain" });
}

function questionFor(form: CodeForm, name: string | null): string {
  switch (form) {
    case "explain":
      return name === null ? vscode.l10n.t("Explain these lines.") : vscode.l10n.t("Explain {0}.", name);
    case "whoUses":
      return name === null ? vscode.l10n.t("Where is this used?") : vscode.l10n.t("Where is {0} used?", name);
    case "why":
      return name === null
        ? vscode.l10n.t("Why are these lines written this way?")
        : vscode.l10n.t("Why is {0} written this way?", name);
  }
}
