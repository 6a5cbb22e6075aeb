import * as vscode from "vscode";
import { z } from "zod";
import { userErrors } from "../../shared/errors";
import { GetSymbols } from "../../shared/protocol";
import type { AskSelection } from "../ask/askController";
import { rangeLabel } from "../ask/rangeLabel";
import type { EngineClient } from "../engineClient";
import { workspaceFile } from "../views/openLocation";
import { innermost } from "./innermost";
import { editorSelection } from "./selection";

/** What a command is asked about: lines, and the name of the declaration there when there is one. */
export interface CodeTarget {
  readonly selection: AskSelection;
  readonly name: string | null;
}

/** The argument that code lenses and code actions of the engine bring; see docs/protocol.md. */
const argument = z.object({
  uri: z.string().min(1).max(4096),
  startLine: z.int().min(1),
  endLine: z.int().min(1),
  name: z.string().min(1).max(500).optional(),
});

/**
 * The code that a command means: its argument, else what is selected, else the declaration around the cursor, else the
 * line of the cursor.
 * @throws LongsightError LS-409 when no file of the workspace is meant; ResponseError of the engine
 */
export async function codeTarget(engine: EngineClient, given: unknown): Promise<CodeTarget> {
  const parsed = argument.safeParse(given);
  if (parsed.success) {
    const { name = null, ...range } = parsed.data;
    const uri = workspaceFile(range.uri);
    if (uri !== null) return { selection: select(uri, range.startLine, range.endLine), name };
  }
  const selection = editorSelection();
  if (selection !== null) return { selection, name: null };
  return aroundCursor(engine);
}

async function aroundCursor(engine: EngineClient): Promise<CodeTarget> {
  const editor = vscode.window.activeTextEditor;
  const uri = editor === undefined ? null : workspaceFile(editor.document.uri.toString());
  if (editor === undefined || uri === null) throw userErrors.noCodeChosen();
  const line = editor.selection.active.line + 1;
  const symbol = innermost(await engine.request(GetSymbols, { uri: uri.toString() }), line);
  return symbol === null
    ? { selection: select(uri, line, line), name: null }
    : { selection: select(uri, symbol.startLine, symbol.endLine), name: symbol.name };
}

function select(uri: vscode.Uri, startLine: number, endLine: number): AskSelection {
  const range = { uri: uri.toString(), startLine, endLine };
  return { range, label: rangeLabel(range) };
}
