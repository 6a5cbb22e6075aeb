import * as vscode from "vscode";

/** Where in a file to go; lines are 1-based and inclusive. */
export interface LineRange {
  readonly startLine: number;
  readonly endLine: number;
}

/**
 * The workspace file that `text` names, or null when it is no file inside a workspace folder: what comes from a model
 * or a webview opens nothing else.
 */
export function workspaceFile(text: string): vscode.Uri | null {
  let uri: vscode.Uri;
  try {
    uri = vscode.Uri.parse(text, true);
  } catch {
    return null;
  }
  const plain = !uri.path.split("/").some((segment) => segment === ".." || segment === ".");
  return plain && vscode.workspace.getWorkspaceFolder(uri) !== undefined ? uri : null;
}

/** The workspace file at a path of the plan: relative, qualified by the folder's name when there are several folders. */
export function workspaceFileAt(path: string): vscode.Uri | null {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [first, ...rest] = path.split("/");
  const folder = folders.length > 1 ? folders.find((candidate) => candidate.name === first) : folders[0];
  if (folder === undefined) return null;
  return workspaceFile(vscode.Uri.joinPath(folder.uri, ...(folders.length > 1 ? rest : [path])).toString());
}

/** Shows a file, at a range when one is given, as a preview; lines past the end of the file are cut to it. */
export async function openLocation(uri: vscode.Uri, range: LineRange | null, toSide: boolean): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const last = document.lineCount - 1;
  const start = Math.min((range?.startLine ?? 1) - 1, last);
  const end = Math.min((range?.endLine ?? 1) - 1, last);
  const editor = await vscode.window.showTextDocument(document, {
    preview: true,
    viewColumn: toSide ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
    ...(range === null ? {} : { selection: new vscode.Range(start, 0, start, 0) }),
  });
  if (range === null) return;
  const cited = new vscode.Range(start, 0, end, document.lineAt(end).text.length);
  editor.revealRange(cited, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  flash(editor, cited);
}

/** Marks the cited lines for a moment. */
function flash(editor: vscode.TextEditor, range: vscode.Range): void {
  const decoration = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    borderColor: new vscode.ThemeColor("editor.rangeHighlightBorder"),
  });
  editor.setDecorations(decoration, [range]);
  setTimeout(() => decoration.dispose(), 3_000);
}
