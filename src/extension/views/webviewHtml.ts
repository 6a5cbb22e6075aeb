import * as vscode from "vscode";
import { randomBytes } from "node:crypto";

/** What a webview may load: its own bundle and the icons. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions & { enableScripts: true } {
  return {
    enableScripts: true,
    localResourceRoots: [vscode.Uri.joinPath(extension, "dist", "webview"), vscode.Uri.joinPath(extension, "media")],
  };
}

/**
 * The page of a webview: one script and one style sheet from dist/webview, and nothing else may run or load.
 * Translations go along as JSON in an attribute.
 */
export function webviewHtml(webview: vscode.Webview, extension: vscode.Uri, bundle: string, title: string): string {
  const nonce = randomBytes(16).toString("base64");
  const asset = (name: string): string =>
    escapeAttribute(webview.asWebviewUri(vscode.Uri.joinPath(extension, "dist", "webview", name)).toString());
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="${escapeAttribute(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escapeAttribute(policy)}">
<meta name="longsight-l10n" content="${escapeAttribute(JSON.stringify(vscode.l10n.bundle ?? {}))}">
<title>${escapeAttribute(title)}</title>
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="${asset(`${bundle}.css`)}">
</head>
<body>
<div id="root"></div>
<script nonce="${nonce}" src="${asset(`${bundle}.js`)}"></script>
</body>
</html>`;
}

function escapeAttribute(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
