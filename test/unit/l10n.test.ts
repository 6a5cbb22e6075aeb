/** The English bundle that translators start from holds every text of the extension and its views. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const file = path.join(root, "l10n/bundle.l10n.json");
const call = /(?:l10n\.t|(?<![\w.])t)\(\s*("(?:[^"\\]|\\.)*")/g;

/** Texts given to `t` or `l10n.t` below a folder of src. */
function textsOf(folder: string): string[] {
  return readdirSync(path.join(root, "src", folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => [...readFileSync(path.join(root, "src", folder, name), "utf8").matchAll(call)])
    .map(([, literal]) => JSON.parse(literal ?? '""') as string);
}

describe("the texts for translation", () => {
  const texts = [...new Set([...textsOf("extension"), ...textsOf("webview")])].sort();

  it("are all in l10n/bundle.l10n.json", () => {
    if (process.env["UPDATE_L10N"] !== undefined) {
      const bundle = Object.fromEntries(texts.map((text) => [text, text]));
      writeFileSync(file, `${JSON.stringify(bundle, null, 2)}\n`);
    }
    const bundle = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
    const missing = texts.filter((text) => bundle[text] !== text);
    const stale = Object.keys(bundle).filter((text) => !texts.includes(text));
    assert.deepEqual(
      { missing, stale },
      { missing: [], stale: [] },
      "Run: UPDATE_L10N=1 npm test -- --level unit --grep translation",
    );
    assert.ok(texts.length > 100);
  });
});
