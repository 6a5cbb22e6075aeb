import * as vscode from "vscode";
import type { SettingId, SettingTypes } from "../shared/contributions";
import type { EngineSettings } from "../shared/protocol";
import { hiddenBy } from "./editorExcludes";
import { patternIn, scopeOf } from "./folderSettings";

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
      excludeIn: excludesByFolder(),
      pinned: this.pinned(),
      scope: scopeOf(this.get("longsight.files.scope"), ownLists("longsight.files.scope")),
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

  /** Pins of the whole workspace, and of each folder of several. */
  private pinned(): readonly string[] {
    const own = [...ownLists("longsight.files.pinned")];
    const patterns = own.flatMap(([name, list]) => list.map((pattern) => patternIn(name, pattern)));
    return [...this.get("longsight.files.pinned"), ...patterns];
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }
}

/** What the editor itself hides in each folder, and what the folder's own settings leave out, by the folder's URI. */
function excludesByFolder(): Record<string, readonly string[]> {
  const own = ownLists("longsight.files.exclude");
  const folders = vscode.workspace.workspaceFolders ?? [];
  return Object.fromEntries(
    folders.map(({ uri, name }) => {
      const globs = vscode.workspace.getConfiguration("files", uri).get<Readonly<Record<string, unknown>>>("exclude");
      return [uri.toString(), [...hiddenBy(globs ?? {}), ...(own.get(name) ?? [])]];
    }),
  );
}

/** A list as the settings of each of several folders have it, by the folder's name; of a single one they are the workspace's. */
function ownLists(id: SettingId): ReadonlyMap<string, readonly string[]> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length < 2) return new Map();
  return new Map(
    folders.map(({ uri, name }) => {
      const own = vscode.workspace
        .getConfiguration(undefined, uri)
        .inspect<readonly string[]>(id)?.workspaceFolderValue;
      return [name, own ?? []];
    }),
  );
}
