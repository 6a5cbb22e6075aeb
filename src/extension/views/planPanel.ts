import * as vscode from "vscode";
import { commands, panels } from "../../shared/contributions";
import { planUri } from "../../shared/planPaths";
import { Plan } from "../../shared/protocol";
import { type PlanAction, PlanView, type PlanViewState } from "../../shared/views";
import type { Config } from "../config";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { planMessages } from "./messages";
import { openLocation, workspaceFile } from "./openLocation";
import { ViewChannel } from "./viewChannel";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** The one panel that shows what goes into the context, what is left out, and why. */
export class PlanPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private channel: ViewChannel | undefined;
  private current: PlanViewState = {
    kind: "loading",
    workspace: null,
    plan: null,
    budget: 0,
    limited: false,
    error: null,
  };
  private readonly following: vscode.Disposable;
  /** Counts the plans asked for: only the last one is shown. */
  private loads = 0;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly engine: EngineClient,
    private readonly config: Config,
    private readonly log: vscode.LogOutputChannel,
  ) {
    // The engine is told of the change first: it heard of it before this panel did.
    this.following = config.onDidChange(() => {
      if (this.panel !== undefined) void this.load();
    });
  }

  /** Opens or reveals the panel with a fresh plan. */
  async show(): Promise<void> {
    if (this.panel === undefined) this.open();
    else this.panel.reveal();
    await this.load();
  }

  dispose(): void {
    this.following.dispose();
    this.panel?.dispose();
  }

  private open(): void {
    const panel = vscode.window.createWebviewPanel(
      panels.plan,
      vscode.l10n.t("Context Plan"),
      vscode.ViewColumn.Active,
      webviewOptions(this.extensionUri),
    );
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, "media", "logo.svg");
    const channel = new ViewChannel(panel, this.log);
    channel.on(PlanView.ready, null, () => channel.send(PlanView.state, this.current));
    channel.on(PlanView.refresh, null, () => this.load());
    channel.on(PlanView.settings, null, () =>
      vscode.commands.executeCommand("workbench.action.openSettings", "longsight.budget longsight.files"),
    );
    channel.on(PlanView.open, planMessages.open, async ({ uri }) => {
      const planned = this.current.plan?.files.some((file) => file.uri === uri);
      const file = planned === true ? workspaceFile(uri) : null;
      if (file === null) this.log.warn(`${uri} is not in the plan and was not opened.`);
      else await openLocation(file, null, false);
    });
    channel.on(PlanView.change, planMessages.change, ({ action, path }) => this.change(action, path));
    channel.on(PlanView.budget, planMessages.budget, ({ tokens }) => this.config.set("longsight.budget", tokens));
    channel.on(PlanView.allFolders, null, () => vscode.commands.executeCommand(commands.useAllFolders));
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.channel = undefined;
    });
    this.panel = panel;
    this.channel = channel;
    panel.webview.html = webviewHtml(panel.webview, this.extensionUri, "plan", panel.title);
  }

  /** A row's action is the command of the same name, which writes the settings. */
  private async change(action: PlanAction, path: string): Promise<void> {
    const uri = planUri(this.current.plan?.files ?? [], path);
    const file = uri === null ? null : workspaceFile(uri);
    if (file === null) this.log.warn(`${path} is not in the plan and was not changed.`);
    else await vscode.commands.executeCommand(commands[action], file, [file]);
  }

  private async load(): Promise<void> {
    const workspace = vscode.workspace.name ?? null;
    const budget = this.config.get("longsight.budget");
    const limited = this.config.get("longsight.files.scope").length > 0;
    const common = { workspace, budget, limited, error: null };
    this.setState({ ...this.current, ...common, kind: this.current.plan === null ? "loading" : "plan" });
    const serial = ++this.loads;
    try {
      const plan = await this.engine.request(Plan, {});
      if (serial === this.loads) this.setState({ ...common, kind: "plan", plan });
    } catch (error) {
      const value = errorValueOf(error);
      if (serial === this.loads) this.setState({ ...common, kind: "failed", plan: null, error: value });
    }
  }

  private setState(state: PlanViewState): void {
    this.current = state;
    this.channel?.send(PlanView.state, state);
  }
}
