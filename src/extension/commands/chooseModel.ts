import * as vscode from "vscode";
import { DeleteModel, DownloadModel, type ModelEntry } from "../../shared/protocol";
import type { ModelList } from "../ask/models";
import type { Config } from "../config";
import type { EngineClient } from "../engineClient";
import { progressLine } from "../status/presentation";

interface ModelItem extends vscode.QuickPickItem {
  readonly model?: ModelEntry;
  readonly choose?: () => Promise<void>;
}

/** Chooses, downloads, locates and deletes models. */
export class ModelChooser {
  private downloading: vscode.CancellationTokenSource | null = null;

  constructor(
    private readonly engine: EngineClient,
    private readonly config: Config,
    private readonly list: ModelList,
  ) {}

  /** Quick pick of all models; one that is not on this machine is downloaded first. Downloaded ones can be deleted. */
  async choose(): Promise<void> {
    const models = await this.list.refresh();
    const picked = await new Promise<ModelItem | undefined>((resolve) => {
      const pick = vscode.window.createQuickPick<ModelItem>();
      pick.title = vscode.l10n.t("Choose a Model");
      pick.placeholder = vscode.l10n.t("Everything runs on this machine; a download is resumed when interrupted");
      pick.matchOnDetail = pick.matchOnDescription = true;
      pick.items = this.items(models);
      pick.onDidAccept(() => {
        resolve(pick.selectedItems[0]);
        pick.hide();
      });
      pick.onDidTriggerItemButton(({ item }) => {
        resolve({
          label: item.label,
          choose: () => (item.model === undefined ? Promise.resolve() : this.delete(item.model)),
        });
        pick.hide();
      });
      pick.onDidHide(() => {
        resolve(undefined);
        pick.dispose();
      });
      pick.show();
    });
    await picked?.choose?.();
  }

  /** Takes a GGUF file that the user points at. */
  async locate(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t("Choose a GGUF File"),
      canSelectMany: false,
      filters: { GGUF: ["gguf"] },
    });
    const file = chosen?.[0];
    if (file !== undefined) await this.config.set("longsight.model", file.fsPath);
  }

  /**
   * Downloads a model of the catalogue, with progress and a way to pause, and then uses it. What is there of it when it
   * is paused is gone on with by the next call.
   * @throws ResponseError of the engine
   */
  async download(id: string): Promise<void> {
    if (this.downloading !== null) return;
    const model = (this.list.models.length > 0 ? this.list.models : await this.list.refresh()).find(
      (entry) => entry.id === id,
    );
    const title = vscode.l10n.t("Downloading {0}", model?.name ?? id);
    const cancel = (this.downloading = new vscode.CancellationTokenSource());
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title, cancellable: true },
        (progress, token) => {
          token.onCancellationRequested(() => cancel.cancel());
          return this.transfer(id, progress, cancel.token);
        },
      );
    } catch (error) {
      if (!cancel.token.isCancellationRequested) throw error;
      return;
    } finally {
      this.downloading = null;
      cancel.dispose();
      await this.list.refresh();
    }
    await this.config.set("longsight.model", id);
  }

  /** Stops the download that goes on; it can be resumed. */
  pauseDownload(): void {
    this.downloading?.cancel();
  }

  private async transfer(
    id: string,
    progress: vscode.Progress<{ message?: string; increment?: number }>,
    token: vscode.CancellationToken,
  ): Promise<void> {
    let shown = 0;
    const status = this.engine.onDidChangeStatus(({ progress: now }) => {
      if (now?.stage !== "download") return;
      const part = now.total > 0 ? (100 * now.done) / now.total : 0;
      progress.report({ message: progressLine(now), increment: Math.max(0, part - shown) });
      shown = Math.max(shown, part);
    });
    try {
      await this.engine.request(DownloadModel, { id }, token);
    } finally {
      status.dispose();
    }
  }

  private items(models: readonly ModelEntry[]): ModelItem[] {
    const inUse = this.engine.status.model;
    return [
      ...[...models].sort(byUse).map((model): ModelItem => {
        // What is in memory stays until another model is used, and the user's own files are theirs to delete.
        const removable = model.sha256 !== null && model.id !== inUse && (model.path !== null || model.interrupted);
        const buttons =
          removable === true ? [{ iconPath: new vscode.ThemeIcon("trash"), tooltip: deleteLabel(model) }] : [];
        return { ...describe(model), model, buttons, choose: () => this.use(model) };
      }),
      { label: "", kind: vscode.QuickPickItemKind.Separator },
      { label: vscode.l10n.t("$(folder-opened) A GGUF file on this machine…"), choose: () => this.locate() },
    ];
  }

  private async delete(model: ModelEntry): Promise<void> {
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t("Delete {0} from this machine?", model.name),
      { modal: true, detail: vscode.l10n.t("It can be downloaded again.") },
      vscode.l10n.t("Delete"),
    );
    if (answer === undefined) return;
    const { freedBytes } = await this.engine.request(DeleteModel, { id: model.id });
    await this.list.refresh();
    const freed = vscode.l10n.t("Longsight: {0} GB freed", (freedBytes / 1e9).toFixed(1));
    vscode.window.setStatusBarMessage(freed, 5_000);
  }

  private async use(model: ModelEntry): Promise<void> {
    if (model.path === null) await this.download(model.id);
    else await this.config.set("longsight.model", model.id);
  }
}

const deleteLabel = ({ name, path }: ModelEntry): string =>
  path === null ? vscode.l10n.t("Delete what was downloaded of {0}", name) : vscode.l10n.t("Delete {0}", name);

function describe(model: ModelEntry): vscode.QuickPickItem {
  const size = `${(model.sizeBytes / 1e9).toFixed(1)} GB`;
  const icon = model.path !== null ? "$(check)" : model.fits ? "$(cloud-download)" : "$(warning)";
  const facts = [
    model.path !== null
      ? vscode.l10n.t("on this machine, {0}", size)
      : model.interrupted === true
        ? vscode.l10n.t("{0}, download paused", size)
        : vscode.l10n.t("{0} to download", size),
    vscode.l10n.t("{0} KB a token", Math.round(model.kvBytesPerToken / 1000)),
    model.license,
  ];
  return {
    label: `${icon} ${model.name}`,
    description: [model.quantization, model.recommended ? vscode.l10n.t("recommended") : null]
      .filter(Boolean)
      .join(" · "),
    detail: [...facts, model.note].filter((fact) => fact !== "").join(" · "),
    picked: model.recommended,
  };
}

/** Recommended first, then what is here, then what fits. */
function byUse(a: ModelEntry, b: ModelEntry): number {
  const rank = (model: ModelEntry): number =>
    (model.recommended ? 4 : 0) + (model.path !== null ? 2 : 0) + (model.fits ? 1 : 0);
  return rank(b) - rank(a);
}
