import * as vscode from "vscode";
import type { AskRange } from "../../shared/protocol";

/** `path:start-end`, with the path as the workspace shows it. */
export function rangeLabel({ uri, startLine, endLine }: AskRange): string {
  const lines = startLine === endLine ? `${startLine}` : `${startLine}-${endLine}`;
  return `${vscode.workspace.asRelativePath(vscode.Uri.parse(uri))}:${lines}`;
}
