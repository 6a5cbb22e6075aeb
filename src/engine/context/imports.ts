/** What a source text imports, by the look of its lines: paths as lists of their parts. */

/** An import as it is written. */
export interface Import {
  /** Names between separators; the last may name what is taken out of a file instead of the file. */
  readonly parts: readonly string[];
  /** Folders to go up from the importing file's; null when it is not relative. */
  readonly up: number | null;
}

/** Imports stand near the top; what comes later is looked at up to here. */
const WINDOW = 32_768;
/** `from "x"`, `import("x")`, `require 'x'`, `#include "x"`, `@import "x"` */
const QUOTED =
  /\b(?:from|import|require|require_relative|include|include_once|require_once|use|source)\b[ \t(]*["'<]([^"'<>\n]{1,200})["'>]/g;
/** A line of Go's import block. */
const GO_LINE = /^[ \t]+(?:[\w.]+[ \t]+)?"([\w./-]{3,200})"$/gm;
/** `import a.b.C;`, `using A.B;`, `use crate::a::b`, `from .a import b` */
const DOTTED =
  /^[ \t]*(?:pub[ \t]+)?(?:import|using|use|from)[ \t]+(?:static[ \t]+)?([\w.:\\]{2,200})(?:[ \t]+import[ \t]+\(?[ \t]*(\w+))?/gm;
const RUST_MODULE = /^[ \t]*(?:pub(?:\([^)]*\))?[ \t]+)?mod[ \t]+(\w+);/gm;

/** Every import of a text; what only looks like one does no harm: it names no file. */
export function importsOf(languageId: string, text: string): Import[] {
  const top = text.slice(0, WINDOW);
  const found: Import[] = [];
  for (const [, path = ""] of top.matchAll(QUOTED)) found.push(fromPath(path));
  if (languageId === "go") for (const [, path = ""] of top.matchAll(GO_LINE)) found.push(fromPath(path));
  if (languageId === "rust")
    for (const [, name = ""] of top.matchAll(RUST_MODULE)) found.push({ parts: [name], up: null });
  for (const [, name = "", taken] of top.matchAll(DOTTED)) found.push(fromName(name, taken));
  return found.filter(({ parts }) => parts.length > 0);
}

function fromPath(path: string): Import {
  const parts = path.split("/");
  const relative = parts[0] === "." || parts[0] === "..";
  const names = parts.filter((part) => part !== "" && part !== "." && part !== ".." && part !== "@" && part !== "~");
  return { parts: names, up: relative ? parts.filter((part) => part === "..").length : null };
}

function fromName(name: string, taken: string | undefined): Import {
  // Python's leading dots: one is the folder itself.
  const dots = /^\.*/.exec(name)?.[0].length ?? 0;
  const names = name.split(/[.:\\]+/).filter((part) => part !== "" && !["crate", "self", "super"].includes(part));
  return { parts: taken === undefined ? names : [...names, taken], up: dots > 0 ? dots - 1 : null };
}
