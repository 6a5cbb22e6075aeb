/**
 * What any editor shows of Longsight in the code itself, through LSP: code lenses above declarations and code actions on a
 * selection, each of them a question about that code. Their commands are the client's; see docs/protocol.md.
 */
import type {
  CodeAction,
  CodeActionParams,
  CodeLens,
  Command,
  Connection,
  Range,
  ServerCapabilities,
} from "vscode-languageserver";
import { commands } from "../shared/contributions";
import type { CodeSymbol, SymbolKind } from "../shared/symbols";

/** Kind of the code actions: none of the editor's own, so that no light bulb of fixes or refactorings comes of them. */
export const ASK_KIND = "longsight.ask";

export const languageCapabilities: ServerCapabilities = {
  codeLensProvider: { resolveProvider: false },
  codeActionProvider: { codeActionKinds: [ASK_KIND], resolveProvider: false },
};

/** Code that a question is about; the argument of the commands. Lines are 1-based and inclusive. */
export interface CodeReference {
  readonly uri: string;
  readonly startLine: number;
  readonly endLine: number;
  /** Of the declaration; absent for a selection. */
  readonly name?: string;
}

/** The questions in their order, in English; clients may show them in another language. */
const questions = [
  ["Ask", commands.askAboutSelection],
  ["Explain", commands.explain],
  ["Where used?", commands.whereUsed],
  ["Why so?", commands.why],
] as const;

/** Variables and properties would put a lens on every other line. */
const lensKinds: ReadonlySet<SymbolKind> = new Set<SymbolKind>([
  "class",
  "interface",
  "enum",
  "struct",
  "function",
  "method",
  "type",
  "module",
  "macro",
]);

/**
 * Answers code lenses and code actions of a connection.
 * @param symbolsOf declarations of a document of the workspace; empty for any other
 * @param inWorkspace says whether a document is in the workspace
 */
export function provideLanguageFeatures(
  connection: Connection,
  symbolsOf: (uri: string) => Promise<readonly CodeSymbol[]>,
  inWorkspace: (uri: string) => boolean,
): void {
  connection.onCodeLens(async ({ textDocument: { uri } }) =>
    inWorkspace(uri) ? codeLenses(uri, await symbolsOf(uri)) : [],
  );
  connection.onCodeAction((params) => (inWorkspace(params.textDocument.uri) ? codeActions(params) : []));
}

/** All questions above each declaration that is worth one. */
export function codeLenses(uri: string, symbols: readonly CodeSymbol[]): CodeLens[] {
  const shown = symbols.filter(({ kind, startLine, endLine }) => lensKinds.has(kind) && endLine > startLine);
  return shown.flatMap(({ name, startLine, endLine }) => {
    const start = { line: startLine - 1, character: 0 };
    return commandsFor({ uri, startLine, endLine, name }).map((command) => ({ range: { start, end: start }, command }));
  });
}

/** All questions about a selection; none while nothing is selected, or when actions of another kind are asked for. */
export function codeActions({ textDocument: { uri }, range, context }: CodeActionParams): CodeAction[] {
  const lines = selectedLines(range);
  const wanted = context.only?.some((kind) => ASK_KIND === kind || ASK_KIND.startsWith(`${kind}.`)) ?? true;
  if (lines === null || !wanted) return [];
  return commandsFor({ uri, ...lines }).map((command) => ({ title: command.title, kind: ASK_KIND, command }));
}

/** The lines of a selection, or null when it is empty; one that ends before the first character of a line ends above. */
function selectedLines({ start, end }: Range): Pick<CodeReference, "startLine" | "endLine"> | null {
  if (start.line === end.line && start.character === end.character) return null;
  const above = end.character === 0 && end.line > start.line;
  return { startLine: start.line + 1, endLine: above ? end.line : end.line + 1 };
}

const commandsFor = (code: CodeReference): Command[] =>
  questions.map(([title, command]) => ({ title, command, arguments: [code] }));
