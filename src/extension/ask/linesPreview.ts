import * as vscode from "vscode";
import type { LinesPreview } from "../../shared/views";

/** Lines around the wanted ones, lines at most, and characters of a line. */
const around = 2;
const maxLines = 16;
const maxLength = 240;

/** The lines of a document with some around them, cut to what a hover can hold. 1-based, inclusive. */
export async function linesPreview(uri: vscode.Uri, startLine: number, endLine: number): Promise<LinesPreview> {
  const document = await vscode.workspace.openTextDocument(uri);
  const first = Math.max(1, Math.min(startLine, document.lineCount) - around);
  const end = Math.min(document.lineCount, Math.max(startLine, endLine) + around);
  const last = Math.min(end, first + maxLines - 1);
  const lines: string[] = [];
  for (let line = first; line <= last; line++) {
    const { text } = document.lineAt(line - 1);
    lines.push(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
  }
  return { path: vscode.workspace.asRelativePath(uri), startLine: first, lines, more: end - last };
}
