import * as vscode from "vscode";

/** The path of a workspace file as plan and traces have it; null for a file outside the workspace. */
export function planPath(uri: vscode.Uri): string | null {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  if (folder === undefined || uri.path === folder.uri.path) return null;
  const root = folder.uri.path.endsWith("/") ? folder.uri.path : `${folder.uri.path}/`;
  const relative = uri.path.slice(root.length);
  return (vscode.workspace.workspaceFolders?.length ?? 0) > 1 ? `${folder.name}/${relative}` : relative;
}
