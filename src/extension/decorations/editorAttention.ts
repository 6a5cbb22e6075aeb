import * as vscode from "vscode";
import { contextKeys } from "../../shared/contributions";
import { userErrors } from "../../shared/errors";
import { GetSelectingSteps } from "../../shared/protocol";
import { DisposableStore } from "../disposables";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { attentionHover } from "./attentionHover";
import { createGradeDecorations } from "./decorationTypes";
import { gradedRuns, gradeOf, type GradedRun } from "./grades";
import { mapLines } from "./lineMap";
import { planPath } from "./planPath";
import { type TracedFile, TracedFiles } from "./tracedFiles";

/** Where the shown answer comes from. */
export interface AnswerSource {
  /** Trace of the answer that is shown; null before the first one. */
  readonly trace: () => string | null;
  /** Fires when that may have changed. */
  readonly onDidChange: vscode.Event<void>;
}

/** Lines around the visible ones that are painted along, so that slow scrolling shows no gaps. */
const MARGIN = 40;
/** Milliseconds that scrolling and typing have to rest before editors are painted again. */
const REST_MS = 120;
const shownKey = "longsight.attentionInEditors";

/**
 * Paints what the current answer selected into the editors: background grades on visible lines, marks in the overview
 * ruler, and a hover that says which words of the answer selected a line. Lines that changed since are left alone.
 */
export class EditorAttention implements vscode.Disposable {
  /** Lives while attention is shown. */
  private shown: DisposableStore | undefined;
  private grades: ReturnType<typeof createGradeDecorations> = [];
  private files: TracedFiles | null = null;
  private timer: NodeJS.Timeout | undefined;
  private paintedRuns = new WeakMap<vscode.TextEditor, readonly GradedRun[]>();

  constructor(
    private readonly engine: EngineClient,
    private readonly source: AnswerSource,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    if (memory.get<boolean>(shownKey) === true) this.show();
  }

  get isShown(): boolean {
    return this.shown !== undefined;
  }

  /** The graded lines that an editor shows now. */
  painted(editor: vscode.TextEditor): readonly GradedRun[] {
    return this.paintedRuns.get(editor) ?? [];
  }

  /**
   * Shows attention in the editors, or hides it.
   * @throws LongsightError LS-405 when nothing has been asked yet
   */
  async toggle(): Promise<void> {
    if (this.shown !== undefined) this.hide();
    else if (this.source.trace() === null) throw userErrors.noTraceYet(vscode.workspace.name ?? "");
    else this.show();
    await this.memory.update(shownKey, this.isShown);
  }

  dispose(): void {
    this.hide();
  }

  private show(): void {
    const shown = (this.shown = new DisposableStore());
    this.grades = createGradeDecorations();
    for (const { line, ruler } of this.grades) {
      shown.add(line);
      shown.add(ruler);
    }
    const soon = (): void => this.paintSoon();
    shown.add(this.source.onDidChange(soon));
    shown.add(vscode.window.onDidChangeVisibleTextEditors(soon));
    shown.add(vscode.window.onDidChangeTextEditorVisibleRanges(soon));
    shown.add(vscode.workspace.onDidChangeTextDocument(soon));
    shown.add(
      vscode.languages.registerHoverProvider(
        { pattern: "**" },
        { provideHover: (document, position) => this.hover(document, position) },
      ),
    );
    this.tellWorkbench();
    this.paintSoon();
  }

  private hide(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    // Disposing a type removes what was painted with it.
    this.shown?.dispose();
    this.shown = undefined;
    this.grades = [];
    this.files = null;
    this.paintedRuns = new WeakMap();
    this.tellWorkbench();
  }

  private tellWorkbench(): void {
    void vscode.commands.executeCommand("setContext", contextKeys.attentionInEditors, this.isShown);
  }

  private paintSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      for (const editor of vscode.window.visibleTextEditors) {
        this.paint(editor).catch((error: unknown) => {
          this.log.warn(`Attention is not shown in ${editor.document.uri.path}: ${errorValueOf(error).message}`);
        });
      }
    }, REST_MS);
  }

  private async paint(editor: vscode.TextEditor): Promise<void> {
    const { document } = editor;
    const files = this.currentFiles();
    const found = await tracedDocument(document, files);
    // A later paint with another answer has the say.
    if (this.shown === undefined || this.files !== files) return;
    if (found === null) {
      this.apply(editor, [], []);
      return;
    }
    const { file, map } = found;
    const visible = editor.visibleRanges.flatMap(({ start, end }) =>
      gradedRuns(file.lifts, map, start.line - MARGIN, end.line + MARGIN),
    );
    this.apply(editor, visible, gradedRuns(file.lifts, map, 0, document.lineCount));
  }

  private apply(editor: vscode.TextEditor, lines: readonly GradedRun[], ruler: readonly GradedRun[]): void {
    this.grades.forEach((types, index) => {
      const ranges = (runs: readonly GradedRun[]): vscode.Range[] =>
        runs.filter(({ grade }) => grade === index + 1).map(({ from, to }) => new vscode.Range(from, 0, to, 0));
      editor.setDecorations(types.line, ranges(lines));
      editor.setDecorations(types.ruler, ranges(ruler));
    });
    this.paintedRuns.set(editor, lines);
  }

  private currentFiles(): TracedFiles | null {
    const trace = this.source.trace();
    if (trace === null) this.files = null;
    else if (this.files?.trace !== trace) this.files = new TracedFiles(this.engine, trace);
    return this.files;
  }

  private async hover(document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | null> {
    const files = this.currentFiles();
    const found = await tracedDocument(document, files);
    const line = found?.map[position.line] ?? -1;
    const lift = found?.file.lifts[line] ?? 0;
    if (found === null || files === null || gradeOf(lift) === 0) return null;
    const { question, words } = await files.answer();
    const query = { id: files.trace, path: found.file.path, lines: [line + 1, line + 2] } as const;
    const steps = await this.engine.request(GetSelectingSteps, query);
    const text = attentionHover({ question, lift, answer: words, steps });
    return text === null ? null : new vscode.Hover(text, document.lineAt(position.line).range);
  }
}

/** What an answer saw of a document, and where its lines are now; null when it did not see it. */
async function tracedDocument(
  document: vscode.TextDocument,
  files: TracedFiles | null,
): Promise<{ readonly file: TracedFile; readonly map: Int32Array } | null> {
  const path = planPath(document.uri);
  const file = path === null || files === null ? null : await files.file(path);
  if (file === null) return null;
  return { file, map: mapLines(file.texts, document.getText().split(/\r\n|\n|\r/)) };
}
