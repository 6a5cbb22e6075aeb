/** Which grammar and which patterns a language has, and where the grammars are. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { bashQuery } from "./queries/bash";
import { cppQuery } from "./queries/cpp";
import { csharpQuery } from "./queries/csharp";
import { cssQuery } from "./queries/css";
import { goQuery } from "./queries/go";
import { iniQuery } from "./queries/ini";
import { javaQuery } from "./queries/java";
import { javascriptQuery } from "./queries/javascript";
import { phpQuery } from "./queries/php";
import { powershellQuery } from "./queries/powershell";
import { pythonQuery } from "./queries/python";
import { rubyQuery } from "./queries/ruby";
import { rustQuery } from "./queries/rust";
import { typescriptQuery } from "./queries/typescript";

export interface Grammar {
  /** As in the name of its file: `tree-sitter-<name>.wasm`. */
  readonly name: string;
  /** Patterns that capture declarations by their kind, with `@name`, and `@parent` where another place names it. */
  readonly query: string;
}

const cpp: Grammar = { name: "cpp", query: cppQuery };
const javascript: Grammar = { name: "javascript", query: javascriptQuery };

const BY_LANGUAGE: Readonly<Record<string, Grammar>> = {
  c: cpp,
  cpp,
  csharp: { name: "c-sharp", query: csharpQuery },
  css: { name: "css", query: cssQuery },
  "cuda-cpp": cpp,
  go: { name: "go", query: goQuery },
  ini: { name: "ini", query: iniQuery },
  java: { name: "java", query: javaQuery },
  javascript,
  javascriptreact: javascript,
  php: { name: "php", query: phpQuery },
  powershell: { name: "powershell", query: powershellQuery },
  python: { name: "python", query: pythonQuery },
  ruby: { name: "ruby", query: rubyQuery },
  rust: { name: "rust", query: rustQuery },
  shellscript: { name: "bash", query: bashQuery },
  typescript: { name: "typescript", query: typescriptQuery },
  typescriptreact: { name: "tsx", query: typescriptQuery },
};

/** Language identifiers whose declarations are known. */
export const languagesWithSymbols: readonly string[] = Object.keys(BY_LANGUAGE);

/** Grammar of a language identifier; null when there is none. */
export function grammarOf(languageId: string): Grammar | null {
  return Object.hasOwn(BY_LANGUAGE, languageId) ? (BY_LANGUAGE[languageId] ?? null) : null;
}

/** Files of the parser and the grammars: beside the bundle, or in the packages that a checkout has installed. */
export interface GrammarFiles {
  readonly runtime: string;
  grammar(name: string): string;
}

const RUNTIME = "web-tree-sitter.wasm";

/** @throws Error when this code was started from a place that has neither */
export function grammarFiles(): GrammarFiles {
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    const shipped = path.join(dir, "grammars");
    if (existsSync(path.join(shipped, RUNTIME))) return filesIn(shipped, shipped);
    const packages = path.join(dir, "node_modules");
    const runtime = path.join(packages, "web-tree-sitter");
    if (existsSync(path.join(runtime, RUNTIME))) {
      return filesIn(runtime, path.join(packages, "@vscode/tree-sitter-wasm/wasm"));
    }
    if (path.dirname(dir) === dir) throw new Error("the grammars of longsight were not found");
  }
}

function filesIn(runtime: string, grammars: string): GrammarFiles {
  return {
    runtime: path.join(runtime, RUNTIME),
    grammar: (name) => path.join(grammars, `tree-sitter-${name}.wasm`),
  };
}
