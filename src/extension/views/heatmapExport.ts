import * as vscode from "vscode";
import { randomBytes } from "node:crypto";
import { standalonePage } from "../../shared/heatmapPage";
import { GetStandaloneTrace, GetTraceRows } from "../../shared/protocol";
import type { TraceSummary } from "../../shared/trace";
import type { ExportFormat } from "../../shared/views";
import type { EngineClient } from "../engineClient";

/** Lines that the JSON lists, most selected first. */
const exportedLines = 500;

/** What is saved, and as what. */
export interface HeatmapExport {
  readonly engine: EngineClient;
  readonly extensionUri: vscode.Uri;
  readonly summary: TraceSummary;
  readonly format: ExportFormat;
  /** Base64 of a PNG or text of an SVG that the page has drawn; null for what is made here. */
  readonly content: string | null;
}

/** Asks where to save a heatmap, saves it, and offers to open it. Does nothing when the dialog is left. */
export async function exportHeatmap(what: HeatmapExport): Promise<void> {
  const { format, summary } = what;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = `longsight-${summary.asOf.slice(0, 10)}.${format}`;
  const target = await vscode.window.showSaveDialog({
    filters: { [filterName(format)]: [format] },
    title: vscode.l10n.t("Save Heatmap"),
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (target === undefined) return;
  const bytes = await contentOf(what);
  await vscode.workspace.fs.writeFile(target, bytes);
  const open = vscode.l10n.t("Open");
  const file = target.path.slice(target.path.lastIndexOf("/") + 1);
  const chosen = await vscode.window.showInformationMessage(vscode.l10n.t("{0} was saved.", file), open);
  if (chosen !== open) return;
  if (format === "html") await vscode.env.openExternal(target);
  else await vscode.commands.executeCommand("vscode.open", target);
}

async function contentOf(what: HeatmapExport): Promise<Uint8Array> {
  const { format, content, engine, summary, extensionUri } = what;
  if (format === "png") return Buffer.from(content ?? "", "base64");
  if (format === "svg") return Buffer.from(content ?? "", "utf8");
  if (format === "html") return Buffer.from(await page(engine, extensionUri, summary), "utf8");
  const rows = { query: { id: summary.id }, below: "", filter: "", descending: true } as const;
  const lines = await engine.request(GetTraceRows, { ...rows, unit: "lines", sort: "lift", rows: [0, exportedLines] });
  const list = lines.rows.map(({ path, lines: range, selected, lift }) => ({ path, line: range?.[0], selected, lift }));
  return Buffer.from(`${JSON.stringify({ ...summary, lines: list }, null, 2)}\n`, "utf8");
}

async function page(engine: EngineClient, extensionUri: vscode.Uri, summary: TraceSummary): Promise<string> {
  const bundle = async (name: string): Promise<string> => {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, "dist", "webview", name));
    return Buffer.from(bytes).toString("utf8");
  };
  return standalonePage({
    title: `Longsight: ${summary.question}`,
    data: await engine.request(GetStandaloneTrace, { id: summary.id }),
    script: await bundle("heatmap.js"),
    css: await bundle("heatmap.css"),
    nonce: randomBytes(18).toString("base64"),
  });
}

function filterName(format: ExportFormat): string {
  return {
    png: vscode.l10n.t("Picture"),
    svg: vscode.l10n.t("Vector Drawing"),
    html: vscode.l10n.t("Page That Needs Nothing Else"),
    json: vscode.l10n.t("Data"),
  }[format];
}
