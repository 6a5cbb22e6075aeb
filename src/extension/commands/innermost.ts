import type { CodeSymbol } from "../../shared/symbols";

/** The innermost declaration that holds a line (1-based); null when none does. */
export function innermost(symbols: readonly CodeSymbol[], line: number): CodeSymbol | null {
  const around = symbols.filter(({ startLine, endLine }) => startLine <= line && line <= endLine);
  return around.sort((a, b) => a.endLine - a.startLine - (b.endLine - b.startLine))[0] ?? null;
}
