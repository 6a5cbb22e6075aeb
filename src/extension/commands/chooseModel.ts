import * as vscode from "vscode";
import { DownloadModel, type ModelEntry } from "../../shared/protocol";
import type { ModelList } from "../ask/models";
import type { Config } from "../config";
import type { EngineClient } from "../engineClient";
import { progressLine } from "../status/presentation";

/** Chooses, downloads and locates models. */
export class ModelChooser {
  constructor(
    private readonly engine: EngineClient,
    private readonly config: Config,
    private readonly list: ModelList,
  ) {}

  /** Quick pick of all models; one that is not on this machine is downloaded first. */
  async choose(): Promise<void> {
    type Item = vscode.QuickPickItem & { readonly choose?: () => Promise<void> };
    const models = await this.list.refresh();
    const items: Item[] = [...models]
      .sort(byUse)
      .map((model) => ({ ...describe(model), choose: () => this.use(model) }));
    items.push(
      { label: "", kind: vscode.QuickPickItemKind.Separator },
      { label: vscode.l10n.t("$(folder-opened) A GGUF file on this machine…"), choose: () => this.locate() },
    );
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t("Choose a Model"),
      placeHolder: vscode.l10n.t("Everything runs on this machine; a download is resumed when interrupted"),
      matchOnDetail: true,
      matchOnDescription: true,
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
   * Downloads a model of the catalogue, with progress and a way to cancel, and then uses it.
   * @throws ResponseError of the engine
   */
  async download(id: string): Promise<void> {
    const model = (this.list.models.length > 0 ? this.list.models : await this.list.refresh()).find(
      (entry) => entry.id === id,
    );
    const title = vscode.l10n.t("Downloading {0}", model?.name ?? id);
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
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
      },
    );
    await this.config.set("longsight.model", id);
    await this.list.refresh();
  }

  private async use(model: ModelEntry): Promise<void> {
    if (model.path === null) await this.download(model.id);
    else await this.config.set("longsight.model", model.id);
  }
}

function describe(model: ModelEntry): vscode.QuickPickItem {
  const size = `${(model.sizeBytes / 1e9).toFixed(1)} GB`;
  const icon = model.path !== null ? "$(check)" : model.fits ? "$(cloud-download)" : "$(warning)";
  const facts = [
    model.path !== null ? vscode.l10n.t("on this machine, {0}", size) : vscode.l10n.t("{0} to download", size),
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
