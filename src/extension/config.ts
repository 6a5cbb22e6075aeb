import * as vscode from "vscode";
import type { SettingId, SettingTypes } from "../shared/contributions";
import type { EngineSettings } from "../shared/protocol";
import { hiddenBy } from "./editorExcludes";

/** Typed view of the settings; reads through, so a change is seen at once. */
export class Config implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.ConfigurationChangeEvent>();
  private readonly subscription: vscode.Disposable;

  /** Fires when any setting that the engine is told changes. */
  readonly onDidChange = this.changed.event;

  /** @param storage folder that is used while `longsight.dataDir` is empty */
  constructor(private readonly storage: vscode.Uri) {
    this.subscription = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("longsight") || event.affectsConfiguration("files.exclude"))
        this.changed.fire(event);
    });
  }

  /** The value of one setting; the manifest gives each a default. */
  get<Id extends SettingId>(id: Id): SettingTypes[Id] {
    const value = vscode.workspace.getConfiguration().get<SettingTypes[Id]>(id);
    if (value === undefined) throw new Error(`The manifest has no default for ${id}`);
    return value;
  }

  /** Writes a setting for the user, or for the workspace when it is set there. */
  async set<Id extends SettingId>(id: Id, value: SettingTypes[Id]): Promise<void> {
    const settings = vscode.workspace.getConfiguration();
    const inWorkspace = settings.inspect(id)?.workspaceValue !== undefined;
    await settings.update(
      id,
      value,
      inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global,
    );
  }

  /** Everything the engine is told. */
  engine(): EngineSettings {
    return {
      dataDir: this.get("longsight.dataDir") || this.storage.fsPath,
      model: this.get("longsight.model"),
      budget: this.get("longsight.budget"),
      backend: this.get("longsight.backend"),
      rpcServers: this.get("longsight.rpcServers"),
      kvPlacement: this.get("longsight.kvPlacement"),
      threads: this.get("longsight.threads"),
      maxFileBytes: this.get("longsight.files.maxBytes"),
      exclude: this.get("longsight.files.exclude"),
      excludeIn: editorExcludes(),
      pinned: this.get("longsight.files.pinned"),
      scope: this.get("longsight.files.scope"),
      outlines: this.get("longsight.files.outlines"),
      reading: this.get("longsight.reading.method"),
      backgroundReading: this.get("longsight.reading.inBackground"),
      focus: this.get("longsight.answer.focus"),
      maxAnswerTokens: this.get("longsight.answer.maxTokens"),
      temperature: this.get("longsight.answer.temperature"),
      topP: this.get("longsight.answer.topP"),
      minP: this.get("longsight.answer.minP"),
      seed: this.get("longsight.answer.seed"),
      esa: {
        initial: this.get("longsight.attention.initial"),
        local: this.get("longsight.attention.local"),
        top: this.get("longsight.attention.top"),
        proximity: this.get("longsight.attention.proximity"),
        projection: this.get("longsight.attention.projection"),
        vote: this.get("longsight.attention.vote"),
        positions: this.get("longsight.attention.positions"),
      },
    };
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }
}

/** What the editor itself hides in each folder, by the folder's URI. */
function editorExcludes(): Record<string, readonly string[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return Object.fromEntries(
    folders.map(({ uri }) => {
      const globs = vscode.workspace.getConfiguration("files", uri).get<Readonly<Record<string, unknown>>>("exclude");
      return [uri.toString(), hiddenBy(globs ?? {})];
    }),
  );
}
