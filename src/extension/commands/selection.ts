import * as vscode from "vscode";
import type { AskSelection } from "../../shared/views";
import { rangeLabel } from "../ask/rangeLabel";

/** The selected lines of the active editor, or null when it shows no workspace file or nothing is selected. */
export function editorSelection(): AskSelection | null {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.selection.isEmpty) return null;
  const { document, selection } = editor;
  if (vscode.workspace.getWorkspaceFolder(document.uri) === undefined) return null;
  const startLine = selection.start.line + 1;
  // A selection that ends before the first character of a line does not mean that line.
  const endLine =
    selection.end.line + (selection.end.character === 0 && selection.end.line > selection.start.line ? 0 : 1);
  const range = { uri: document.uri.toString(), startLine, endLine };
  return { range, label: rangeLabel(range) };
}
