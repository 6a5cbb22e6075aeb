/** Declarations in files, and what a question can mention. */
import type { Mention } from "./protocol";

/** Something that can be mentioned in a question. */
export interface MentionCandidate {
  readonly kind: "file" | "folder" | "symbol";
  /** Path or name. */
  readonly label: string;
  /** Where a symbol stands. */
  readonly detail: string;
  readonly mention: Mention;
}

/** Kinds of declarations, as in LSP, in lower case. */
export type SymbolKind =
  | "class"
  | "interface"
  | "enum"
  | "struct"
  | "function"
  | "method"
  | "property"
  | "variable"
  | "type"
  | "module"
  | "macro";

/** A declaration in a file. */
export interface CodeSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  /** Name of the declaration around it; null at the top. */
  readonly parent: string | null;
}
