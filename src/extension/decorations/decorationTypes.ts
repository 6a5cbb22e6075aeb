import * as vscode from "vscode";
import { gradeBorders } from "./grades";

/** The decoration types of one grade. */
export interface GradeDecorations {
  readonly line: vscode.TextEditorDecorationType;
  readonly ruler: vscode.TextEditorDecorationType;
}

/**
 * Two decoration types for each grade, made once: many types slow an editor down. The grade is told by the colour and by
 * the width of a bar, so that it is seen without colours too.
 */
export function createGradeDecorations(): readonly GradeDecorations[] {
  return gradeBorders.map((_, index) => {
    const grade = index + 1;
    const bar = new vscode.ThemeColor(`longsight.attention${grade}`);
    return {
      line: vscode.window.createTextEditorDecorationType({
        isWholeLine: true,
        backgroundColor: new vscode.ThemeColor(`longsight.attentionBackground${grade}`),
        borderColor: bar,
        borderStyle: "solid",
        borderWidth: `0 0 0 ${grade + 1}px`,
        rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      }),
      ruler: vscode.window.createTextEditorDecorationType({
        overviewRulerColor: bar,
        overviewRulerLane: vscode.OverviewRulerLane.Center,
        rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
      }),
    };
  });
}
