import * as vscode from "vscode";
import { panels } from "../../shared/contributions";
import {
  CompareTraces,
  GetFileTrace,
  GetSelectingSteps,
  GetTrace,
  GetTraceMap,
  GetTraceRows,
  GetTraceSums,
} from "../../shared/protocol";
import { HeatmapView, type HeatmapViewState } from "../../shared/views";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { exportHeatmap } from "./heatmapExport";
import { heatmapMessages } from "./messages";
import { openLocation, workspaceFileAt } from "./openLocation";
import { ViewChannel } from "./viewChannel";
import { webviewHtml, webviewOptions } from "./webviewHtml";

/** Key of the workspace's memory that keeps which trace was shown last. */
const lastTraceKey = "heatmap.trace";

/** The one Heatmap panel: shows the trace of an answer and serves its details. */
export class HeatmapPanel implements vscode.WebviewPanelSerializer, vscode.Disposable {
  private readonly serializer: vscode.Disposable;
  private panel: vscode.WebviewPanel | undefined;
  private channel: ViewChannel | undefined;
  private current: HeatmapViewState = empty;

  constructor(
    private readonly extensionUri: vscode.Uri,
    private readonly memory: vscode.Memento,
    private readonly engine: EngineClient,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(panels.heatmap, this);
  }

  /** What the panel shows now. */
  get state(): HeatmapViewState {
    return this.current;
  }

  /** Opens or reveals the panel with the trace of one answer. */
  async show(trace: string): Promise<void> {
    if (this.panel === undefined) this.adopt(this.create());
    else this.panel.reveal(undefined, true);
    await this.memory.update(lastTraceKey, trace);
    await this.load(trace);
  }

  /** Takes over the panel that the window had before it was reloaded. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.adopt(panel);
    const trace = this.memory.get<string>(lastTraceKey);
    if (trace !== undefined && vscode.workspace.isTrusted) await this.load(trace);
  }

  dispose(): void {
    this.panel?.dispose();
    this.serializer.dispose();
  }

  private create(): vscode.WebviewPanel {
    return vscode.window.createWebviewPanel(
      panels.heatmap,
      vscode.l10n.t("Attention"),
      { viewColumn: vscode.ViewColumn.Active, preserveFocus: false },
      webviewOptions(this.extensionUri),
    );
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel?.dispose();
    panel.webview.options = webviewOptions(this.extensionUri);
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, "media", "logo.svg");
    const channel = new ViewChannel(panel, this.log);
    this.listen(channel);
    this.panel = panel;
    this.channel = channel;
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = undefined;
      this.channel = undefined;
    });
    panel.webview.html = webviewHtml(panel.webview, this.extensionUri, "heatmap", panel.title);
  }

  /** Shows a trace; while one is pinned for comparison, beside that one. */
  private async load(trace: string): Promise<void> {
    const { summary: pinned, comparing } = this.current;
    const beside = comparing && pinned !== null && pinned.id !== trace ? pinned : null;
    if (beside === null) this.setState({ ...empty, kind: "loading" });
    try {
      const summary = await this.engine.request(GetTrace, { id: trace });
      if (beside === null) this.setState({ ...empty, kind: "trace", summary });
      else this.setState({ ...this.current, summary: beside, other: summary });
    } catch (error) {
      this.setState({ ...empty, kind: "failed", error: errorValueOf(error) });
    }
  }

  private setState(state: HeatmapViewState): void {
    this.current = state;
    this.channel?.send(HeatmapView.state, state);
  }

  private listen(channel: ViewChannel): void {
    const { engine } = this;
    channel.on(HeatmapView.ready, null, () => channel.send(HeatmapView.state, this.current));
    channel.onRequest(HeatmapView.map, heatmapMessages.map, (scope) => engine.request(GetTraceMap, scope));
    channel.onRequest(HeatmapView.sums, heatmapMessages.sums, (query) => engine.request(GetTraceSums, plain(query)));
    channel.onRequest(HeatmapView.rows, heatmapMessages.rows, (query) => engine.request(GetTraceRows, plain(query)));
    channel.onRequest(HeatmapView.file, heatmapMessages.file, (query) => engine.request(GetFileTrace, plain(query)));
    channel.onRequest(HeatmapView.selectingSteps, heatmapMessages.file, (query) =>
      engine.request(GetSelectingSteps, plain(query)),
    );
    channel.onRequest(HeatmapView.compareAnswers, heatmapMessages.compareAnswers, (query) =>
      engine.request(CompareTraces, plain(query)),
    );
    channel.on(HeatmapView.compare, heatmapMessages.compare, ({ on }) => this.compare(on));
    channel.on(HeatmapView.swap, null, () => this.swap());
    channel.on(HeatmapView.export, heatmapMessages.export, async ({ format, content }) => {
      const { summary } = this.current;
      if (summary !== null) await exportHeatmap({ engine, extensionUri: this.extensionUri, summary, format, content });
    });
    channel.on(HeatmapView.open, heatmapMessages.open, async ({ path, line }) => {
      const uri = workspaceFileAt(path);
      if (uri === null) this.log.warn(`${path} is not a file of the workspace and was not opened.`);
      else await openLocation(uri, { startLine: line, endLine: line }, true);
    });
  }

  private compare(on: boolean): void {
    if (this.current.kind === "trace") this.setState({ ...this.current, comparing: on, other: null });
  }

  private swap(): void {
    const { summary, other } = this.current;
    if (other !== null) this.setState({ ...this.current, summary: other, other: summary });
  }
}

const empty: HeatmapViewState = { kind: "empty", summary: null, other: null, comparing: false, error: null };

/** A checked message with its undefined fields left out, as the engine's types have it. */
function plain<T extends object>(message: T): Defined<T> {
  return JSON.parse(JSON.stringify(message)) as Defined<T>;
}

/** The type of a value after its undefined fields were left out, at any depth. */
type Defined<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Key in keyof T]: Defined<Exclude<T[Key], undefined>> }
    : T;
