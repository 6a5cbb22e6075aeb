import * as vscode from "vscode";
import type { SettingId } from "../../shared/contributions";
import { userErrors } from "../../shared/errors";
import { workspaceFile } from "../views/openLocation";
import { including, patternFor, without } from "./contextPatterns";

/** Settings of a workspace folder that say what goes into the context. */
type ContextSetting = Extract<
  SettingId,
  "longsight.files.pinned" | "longsight.files.exclude" | "longsight.files.scope"
>;

/** A chosen file or folder, below its workspace folder. */
interface Chosen {
  readonly folder: vscode.WorkspaceFolder;
  /** Relative to the workspace folder; empty for the folder itself. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** Puts files and folders into the context before all else. @throws LongsightError LS-409 */
export async function pin(uri: unknown, all: unknown): Promise<void> {
  const chosen = await chosenFiles(uri, all);
  for (const [folder, patterns] of byFolder(chosen)) {
    await change(folder, "longsight.files.exclude", (list) => without(list, patterns));
    await change(folder, "longsight.files.pinned", (list) => including(list, patterns));
  }
  tell(vscode.l10n.t("Longsight: {0} pinned in the context", names(chosen)));
}

/** Takes pins back. A pattern that pins more than the chosen files is not touched, but named. @throws LongsightError LS-409 */
export async function unpin(uri: unknown, all: unknown): Promise<void> {
  const chosen = await chosenFiles(uri, all);
  let changed = false;
  for (const [folder, patterns] of byFolder(chosen)) {
    changed = (await change(folder, "longsight.files.pinned", (list) => without(list, patterns))) || changed;
  }
  if (changed) tell(vscode.l10n.t("Longsight: {0} not pinned any more", names(chosen)));
  else await offerSettings(vscode.l10n.t("{0} was not pinned by itself; a pattern may pin it.", names(chosen)));
}

/** Leaves files and folders out of the context. @throws LongsightError LS-409 */
export async function leaveOut(uri: unknown, all: unknown): Promise<void> {
  const chosen = await chosenFiles(uri, all);
  for (const [folder, patterns] of byFolder(chosen)) {
    await change(folder, "longsight.files.pinned", (list) => without(list, patterns));
    await change(folder, "longsight.files.exclude", (list) => including(list, patterns));
  }
  tell(vscode.l10n.t("Longsight: {0} left out of the context", names(chosen)));
}

/** Limits the context of a workspace folder to chosen folders in it. @throws LongsightError LS-409 */
export async function limitToFolders(uri: unknown, all: unknown): Promise<void> {
  const chosen = (await chosenFiles(uri, all)).filter(({ isFolder }) => isFolder);
  if (chosen.length === 0) throw userErrors.noCodeChosen();
  const folders = new Set(chosen.map(({ folder }) => folder));
  for (const folder of folders) {
    const paths = chosen.filter((one) => one.folder === folder).map(({ path }) => path);
    // The workspace folder itself is no limit.
    await change(folder, "longsight.files.scope", () => (paths.includes("") ? [] : paths));
  }
  tell(vscode.l10n.t("Longsight: the context is limited to {0}", names(chosen)));
}

/** Lifts the limits of all workspace folders. */
export async function useAllFolders(): Promise<void> {
  for (const folder of vscode.workspace.workspaceFolders ?? []) {
    await change(folder, "longsight.files.scope", () => []);
  }
  tell(vscode.l10n.t("Longsight: the context is not limited to folders any more"));
}

/** What the explorer hands over (the clicked file and all selected ones), else the file of the active editor. */
async function chosenFiles(uri: unknown, all: unknown): Promise<readonly Chosen[]> {
  const given = Array.isArray(all) && all.length > 0 ? (all as unknown[]) : [uri];
  const uris = given.filter((item) => item instanceof vscode.Uri);
  const active = vscode.window.activeTextEditor?.document.uri;
  if (uris.length === 0 && active !== undefined) uris.push(active);
  const chosen = await Promise.all(uris.map(toChosen));
  const known = chosen.filter((one) => one !== null);
  if (known.length === 0) throw userErrors.noCodeChosen();
  return known;
}

async function toChosen(given: vscode.Uri): Promise<Chosen | null> {
  const uri = workspaceFile(given.toString());
  const folder = uri === null ? undefined : vscode.workspace.getWorkspaceFolder(uri);
  if (uri === null || folder === undefined) return null;
  const { type } = await vscode.workspace.fs.stat(uri);
  const path = uri.path.slice(folder.uri.path.length).replace(/^\//, "");
  return { folder, path, isFolder: (type & vscode.FileType.Directory) !== 0 };
}

/** Patterns of the chosen files; a workspace folder itself stands for all that is in it. */
function byFolder(chosen: readonly Chosen[]): Map<vscode.WorkspaceFolder, string[]> {
  const patterns = new Map<vscode.WorkspaceFolder, string[]>();
  for (const { folder, path, isFolder } of chosen) {
    const pattern = path === "" ? "**" : patternFor(path, isFolder);
    patterns.set(folder, [...(patterns.get(folder) ?? []), pattern]);
  }
  return patterns;
}

/** Changes a list in the settings of a workspace folder; true when it is another one now. */
async function change(
  folder: vscode.WorkspaceFolder,
  id: ContextSetting,
  edit: (list: readonly string[]) => readonly string[],
): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration(undefined, folder.uri);
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  // With several folders the workspace's list holds besides the folder's own.
  const own = settings.inspect<readonly string[]>(id)?.workspaceFolderValue ?? [];
  const before = several ? own : settings.get<readonly string[]>(id, []);
  const after = edit(before);
  if (before.length === after.length && before.every((entry, index) => entry === after[index])) return false;
  await settings.update(id, after, vscode.ConfigurationTarget.WorkspaceFolder);
  return true;
}

const names = (chosen: readonly Chosen[]): string =>
  chosen.length === 1
    ? (chosen[0]?.path ?? "") || (chosen[0]?.folder.name ?? "")
    : vscode.l10n.t("{0} files and folders", chosen.length);

function tell(message: string): void {
  vscode.window.setStatusBarMessage(message, 5_000);
}

async function offerSettings(message: string): Promise<void> {
  const open = vscode.l10n.t("Open Settings");
  const answer = await vscode.window.showInformationMessage(message, open);
  if (answer === open) await vscode.commands.executeCommand("workbench.action.openSettings", "longsight.files");
}
