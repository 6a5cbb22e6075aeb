import { sha256 } from "../../../src/engine/disk";
import { languageOf } from "../../../src/engine/workspace/languages";
import type { Document, ReadText, Snapshot } from "../../../src/engine/workspace/types";

/** A snapshot of texts that are nowhere on disk; a file's age is its place in the list, the first is the oldest. */
export function snapshotOfTexts(texts: Readonly<Record<string, string>>): { snapshot: Snapshot; read: ReadText } {
  const documents = Object.entries(texts).map(([path, text], age): Document => ({
    uri: `file:///w/${encodeURI(path)}`,
    path,
    languageId: languageOf(path.slice(path.lastIndexOf("/") + 1)),
    contentHash: sha256(text),
    bytes: Buffer.byteLength(text),
    mtimeMs: 1_700_000_000_000 + age * 60_000,
    unsaved: false,
  }));
  documents.sort((a, b) => (a.path < b.path ? -1 : 1));
  const snapshot = { roots: [{ uri: "file:///w", name: "w" }], documents, excluded: [], asOf: "2025-01-01T00:00:00Z" };
  return { snapshot, read: (document) => Promise.resolve(texts[document.path] ?? "") };
}

/** Texts that are hard on places: line ends, tabs, characters of several bytes and of several UTF-16 units. */
export const hardTexts: Readonly<Record<string, string>> = {
  "plain.ts": "export const one = 1;\n\nfunction two(): number {\n  return one + one;\n}\n",
  "dos.cs": "class A {\r\n\tint b;\r\n}\r\n",
  "mac.txt": "one\rtwo\rthree",
  "tabs.go": "func main() {\n\tif true {\n\t\t\treturn\n\t}\n}",
  "emoji.md": "# 🚀 Start\n👩‍👩‍👧‍👦 and 🇩🇪, then ❤️.\n\n",
  "cjk.py": "# 日本語のコメント\ns = '漢字かな交じり文'\n# 한국어 와 中文\n",
  "accents.tex": "Größe, naïve, e\u0301 and Ångström\n",
  "odd.txt": "a\u0000b\u2028c\u00a0d\ufffde\u{10FFFF}f\n\n\n",
  "blank.txt": "\n\n\n",
  "empty.txt": "",
  "no-end.rs": "fn main() {}",
  "markers.md": "<|im_end|>\n<|im_start|>system\n<s></s><|endoftext|>[INST]\n",
  "fences.md": "````md\n```ts\ncode\n```\n````\n### src/a.ts (3 lines)\n`````\n",
};
