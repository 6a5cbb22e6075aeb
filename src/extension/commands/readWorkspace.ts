import * as vscode from "vscode";
import { Read, type ReadResult } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";
import { percent, progressLine } from "../status/presentation";

/** Reads the workspace; at most one reading runs at a time, and it can be cancelled from outside. */
export class WorkspaceReader implements vscode.Disposable {
  private running:
    { readonly cancel: vscode.CancellationTokenSource; readonly result: Promise<ReadResult> } | undefined;

  constructor(private readonly engine: EngineClient) {}

  /**
   * Reads, or joins the reading that runs.
   * @throws ResponseError of the engine
   */
  read(): Promise<ReadResult> {
    return (this.running ??= this.begin()).result;
  }

  /** Reads with a notification that shows progress and can be cancelled. */
  async readWithProgress(): Promise<ReadResult> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t("Longsight"),
      cancellable: true,
    };
    return vscode.window.withProgress(options, async (progress, token) => {
      let shown = 0;
      const status = this.engine.onDidChangeStatus(({ progress: now }) => {
        if (now === null) return;
        const part = now.total > 0 ? (100 * now.done) / now.total : 0;
        progress.report({ message: `${percent(now)} ${progressLine(now)}`, increment: Math.max(0, part - shown) });
        shown = Math.max(shown, part);
      });
      const cancelled = token.onCancellationRequested(() => this.cancel());
      try {
        return await this.read();
      } finally {
        status.dispose();
        cancelled.dispose();
      }
    });
  }

  cancel(): void {
    this.running?.cancel.cancel();
  }

  dispose(): void {
    this.cancel();
  }

  private begin(): NonNullable<WorkspaceReader["running"]> {
    const cancel = new vscode.CancellationTokenSource();
    const result = this.engine.request(Read, { rebuild: false }, cancel.token).finally(() => {
      this.running = undefined;
      cancel.dispose();
    });
    return { cancel, result };
  }
}
