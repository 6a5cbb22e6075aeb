import * as vscode from "vscode";
import { ListModels, type ModelEntry } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";

/** The models that the engine knows, kept for the views. */
export class ModelList implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private entries: readonly ModelEntry[] = [];

  readonly onDidChange = this.changed.event;

  constructor(private readonly engine: EngineClient) {}

  get models(): readonly ModelEntry[] {
    return this.entries;
  }

  /**
   * Asks the engine anew.
   * @throws ResponseError of the engine
   */
  async refresh(): Promise<readonly ModelEntry[]> {
    this.entries = await this.engine.request(ListModels, {});
    this.changed.fire();
    return this.entries;
  }

  dispose(): void {
    this.changed.dispose();
  }
}
