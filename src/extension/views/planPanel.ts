import * as vscode from "vscode";
import { panels } from "../../shared/contributions";
import { Plan } from "../../shared/protocol";
import { PlanView, type PlanViewState } from "../../shared/views";
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
  private current: PlanViewState = { kind: "loading", workspace: null, plan: null, error: null };

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly engine: EngineClient,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Opens or reveals the panel with a fresh plan. */
  async show(): Promise<void> {
    if (this.panel === undefined) this.open();
    else this.panel.reveal();
    await this.load();
  }

  dispose(): void {
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
    panel.onDidDispose(() => {
      this.panel = undefined;
      this.channel = undefined;
    });
    this.panel = panel;
    this.channel = channel;
    panel.webview.html = webviewHtml(panel.webview, this.extensionUri, "plan", panel.title);
  }

  private async load(): Promise<void> {
    const workspace = vscode.workspace.name ?? null;
    this.setState({ ...this.current, kind: this.current.plan === null ? "loading" : "plan", workspace });
    try {
      this.setState({ kind: "plan", workspace, plan: await this.engine.request(Plan, {}), error: null });
    } catch (error) {
      this.setState({ kind: "failed", workspace, plan: null, error: errorValueOf(error) });
    }
  }

  private setState(state: PlanViewState): void {
    this.current = state;
    this.channel?.send(PlanView.state, state);
  }
}
