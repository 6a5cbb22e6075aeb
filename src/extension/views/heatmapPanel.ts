import * as vscode from "vscode";
import { panels } from "../../shared/contributions";
import { GetFileTrace, GetTrace } from "../../shared/protocol";
import type { TraceQuery, TraceSummary } from "../../shared/trace";
import { HeatmapView, type HeatmapViewState } from "../../shared/views";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
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
  private current: HeatmapViewState = { kind: "empty", summary: null, error: null };

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

  private async load(trace: string): Promise<void> {
    this.setState({ kind: "loading", summary: null, error: null });
    try {
      const summary = await this.engine.request(GetTrace, { id: trace });
      this.setState({ kind: "trace", summary, error: null });
    } catch (error) {
      this.setState({ kind: "failed", summary: null, error: errorValueOf(error) });
    }
  }

  private setState(state: HeatmapViewState): void {
    this.current = state;
    this.channel?.send(HeatmapView.state, state);
  }

  private listen(channel: ViewChannel): void {
    channel.on(HeatmapView.ready, null, () => channel.send(HeatmapView.state, this.current));
    channel.onRequest(HeatmapView.query, heatmapMessages.query, (query): Promise<TraceSummary> =>
      this.engine.request(GetTrace, traceQuery(query)),
    );
    channel.onRequest(HeatmapView.file, heatmapMessages.file, (query) =>
      this.engine.request(GetFileTrace, { ...traceQuery(query), path: query.path, lines: query.lines }),
    );
    channel.on(HeatmapView.open, heatmapMessages.open, async ({ path, line }) => {
      const known = this.current.summary?.files.some((file) => file.path === path);
      const uri = known === true ? workspaceFileAt(path) : null;
      if (uri === null) this.log.warn(`${path} is not a file of the shown trace and was not opened.`);
      else await openLocation(uri, { startLine: line, endLine: line }, true);
    });
  }
}

/** The query without the keys that the view left undefined. */
function traceQuery(
  query: { [Key in keyof TraceQuery]: TraceQuery[Key] | undefined } & { readonly id: string },
): TraceQuery {
  const { id, steps, layers, phase } = query;
  return { id, ...(steps && { steps }), ...(layers && { layers }), ...(phase && { phase }) };
}
