import * as vscode from "vscode";
import { DisposableStore } from "../disposables";
import type { EngineClient } from "../engineClient";
import { presentStatus, type StatusPresentation } from "./presentation";

const backgrounds = {
  none: undefined,
  warning: "statusBarItem.warningBackground",
  error: "statusBarItem.errorBackground",
};

/** The one status bar item; always shows the engine's last status. */
export class StatusBar implements vscode.Disposable {
  private readonly scope = new DisposableStore();
  private readonly item = this.scope.add(vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Left));
  private shown: StatusPresentation;

  constructor(private readonly engine: EngineClient) {
    this.item.name = "Longsight";
    this.shown = this.update();
    this.scope.add(engine.onDidChangeStatus(() => this.update()));
    this.scope.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.update()));
    this.item.show();
  }

  get presentation(): StatusPresentation {
    return this.shown;
  }

  dispose(): void {
    this.scope.dispose();
  }

  private update(): StatusPresentation {
    const shown = presentStatus(this.engine.status, vscode.workspace.isTrusted);
    const background = backgrounds[shown.severity];
    this.item.text = shown.text;
    this.item.command = shown.command;
    this.item.tooltip = hover(shown);
    this.item.backgroundColor = background === undefined ? undefined : new vscode.ThemeColor(background);
    this.item.accessibilityInformation = { label: shown.label, role: "button" };
    this.shown = shown;
    return shown;
  }
}

function hover({ title, details, links }: StatusPresentation): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  // Only the item's own commands may be linked; names of models and files are escaped by appendText.
  text.isTrusted = { enabledCommands: links.map((link) => link.command) };
  text.appendMarkdown("**").appendText(title).appendMarkdown("**");
  for (const line of details) text.appendMarkdown("  \n").appendText(line);
  text.appendMarkdown(`\n\n${links.map((link) => `[${link.text}](command:${link.command})`).join(" &nbsp;|&nbsp; ")}`);
  return text;
}
