import * as vscode from "vscode";
import { commands, type CommandId } from "../../shared/contributions";
import { userErrors } from "../../shared/errors";
import { ClearCaches } from "../../shared/protocol";
import type { AskViewCommand } from "../../shared/views";
import type { AskController } from "../ask/askController";
import type { Config } from "../config";
import type { EditorAttention } from "../decorations/editorAttention";
import type { EngineClient } from "../engineClient";
import type { AskViewProvider } from "../views/askView";
import type { HeatmapPanel } from "../views/heatmapPanel";
import type { PlanPanel } from "../views/planPanel";
import { askAbout, askInForm, explainTerminal } from "./askAboutCode";
import type { ModelChooser } from "./chooseModel";
import { leaveOut, limitToFolders, pin, unpin, useAllFolders } from "./contextFiles";
import { notifyFailure } from "./notify";
import { pauseReading } from "./pauseReading";
import type { WorkspaceReader } from "./readWorkspace";

/** What commands act on. */
export interface CommandContext {
  readonly log: vscode.LogOutputChannel;
  readonly config: Config;
  readonly engine: EngineClient;
  readonly controller: AskController;
  readonly chooser: ModelChooser;
  readonly reader: WorkspaceReader;
  readonly askView: AskViewProvider;
  readonly heatmap: HeatmapPanel;
  readonly plan: PlanPanel;
  readonly attention: EditorAttention;
}

/** Registers every command of the manifest. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  const table: Record<CommandId, (...given: readonly unknown[]) => unknown> = {
    [commands.ask]: () => context.askView.show(null, null),
    [commands.askAboutSelection]: (code) => askAbout(context, code),
    [commands.explain]: (code) => askInForm(context, "explain", code),
    [commands.whereUsed]: (code) => askInForm(context, "whoUses", code),
    [commands.why]: (code) => askInForm(context, "why", code),
    [commands.explainTerminal]: () => explainTerminal(context),
    [commands.pin]: pin,
    [commands.unpin]: unpin,
    [commands.leaveOut]: leaveOut,
    [commands.limitToFolder]: limitToFolders,
    [commands.useAllFolders]: useAllFolders,
    [commands.pauseReading]: () => pauseReading(context.engine, true),
    [commands.resumeReading]: () => pauseReading(context.engine, false),
    [commands.readWorkspace]: () => context.reader.readWithProgress(),
    [commands.showAttention]: (trace) => showAttention(context, trace),
    [commands.toggleAttentionInEditors]: () => context.attention.toggle(),
    [commands.chooseModel]: () => context.chooser.choose(),
    [commands.showContextPlan]: () => context.plan.show(),
    [commands.restartEngine]: () => context.engine.restart(),
    [commands.openLog]: () => {
      context.log.show();
    },
    [commands.showHistory]: () => context.askView.showHistory(),
    [commands.newConversation]: () => {
      context.controller.clear();
    },
    [commands.stopAnswer]: () => {
      context.controller.stop();
    },
    [commands.clearCaches]: () => clearCaches(context),
  };
  return vscode.Disposable.from(
    ...Object.entries(table).map(([id, run]) =>
      vscode.commands.registerCommand(id, async (...given: unknown[]) => {
        try {
          await run(...given);
        } catch (error) {
          await notifyFailure(error, context.log);
        }
      }),
    ),
  );
}

/** Runs what a button of the Ask view stands for. */
export async function runViewCommand(command: AskViewCommand, context: CommandContext): Promise<void> {
  const run = (id: string, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(id, ...args);
  switch (command) {
    case "readWorkspace":
      // The view shows the progress itself, so no notification is opened.
      await context.reader.read().catch((error: unknown) => notifyFailure(error, context.log));
      return;
    case "cancelReading":
      context.reader.cancel();
      context.controller.stop();
      return;
    case "pauseDownload":
      context.chooser.pauseDownload();
      return;
    case "locateModel":
      return context.chooser.locate();
    case "smallerContext":
      return smallerContext(context);
    case "manageTrust":
      await run("workbench.trust.manage");
      return;
    case "openFolder":
      await run("workbench.action.files.openFolder");
      return;
    case "pauseReading":
    case "resumeReading":
    case "chooseModel":
    case "showContextPlan":
    case "openLog":
    case "restartEngine":
      await run(commands[command]);
  }
}

/** @param given trace of the answer that is meant; else the last one of the conversation */
async function showAttention({ controller, heatmap }: CommandContext, given: unknown): Promise<void> {
  const trace = typeof given === "string" ? given : controller.conversation.lastTrace;
  if (trace === null) throw userErrors.noTraceYet(vscode.workspace.name ?? "");
  await heatmap.show(trace);
}

async function clearCaches({ engine }: CommandContext): Promise<void> {
  const clear = vscode.l10n.t("Clear");
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t("Clear what Longsight has stored about workspaces?"),
    { modal: true, detail: vscode.l10n.t("Models stay. The next question reads the workspace again.") },
    clear,
  );
  if (answer !== clear) return;
  const { freedBytes } = await engine.request(ClearCaches, {});
  const megabytes = Math.round(freedBytes / 1e6).toLocaleString("en-US");
  vscode.window.setStatusBarMessage(vscode.l10n.t("Longsight: {0} MB cleared", megabytes), 5_000);
}

/** Halves the token budget, then reads again. */
async function smallerContext({ config, engine, reader, log }: CommandContext): Promise<void> {
  const budget = engine.status.context?.budget ?? config.get("longsight.budget");
  await config.set("longsight.budget", Math.max(4096, Math.floor(budget / 2)));
  await reader.read().catch((error: unknown) => notifyFailure(error, log));
}
