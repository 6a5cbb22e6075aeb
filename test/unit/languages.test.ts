/** Translations are complete, and keep what is not text. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

describe("each language", () => {
  const read = (name: string): Record<string, string> =>
    JSON.parse(readFileSync(path.join(root, name), "utf8")) as Record<string, string>;
  const translations = [
    ...readdirSync(path.join(root, "l10n"))
      .filter((name) => /^bundle\.l10n\..+\.json$/.test(name))
      .map((name) => ["l10n/bundle.l10n.json", `l10n/${name}`] as const),
    ...readdirSync(root)
      .filter((name) => /^package\.nls\..+\.json$/.test(name))
      .map((name) => ["package.nls.json", name] as const),
  ];

  it("has both files, German among them", () => {
    assert.deepEqual(
      translations.map(([, name]) => name).filter((name) => name.includes(".de.")),
      ["l10n/bundle.l10n.de.json", "package.nls.de.json"],
    );
    assert.equal(translations.length % 2, 0);
  });

  for (const [source, name] of translations) {
    it(`has every text of ${source}: ${name}`, () => {
      const translated = read(name);
      const missing = Object.keys(read(source)).filter((key) => translated[key] === undefined);
      assert.deepEqual(missing, [], `Add these texts to ${name}`);
    });

    it(`has the placeholders, icons, links and line breaks of the English text: ${name}`, () => {
      const english = read(source);
      const parts = (text: string): string[] =>
        (text.match(/\{\d+\}|\$\([\w-]+\)|\(command:[\w.]+\)|\n|https?:\/\/\S+/g) ?? []).sort();
      for (const [key, text] of Object.entries(read(name))) {
        assert.notEqual(text.trim(), "", key);
        assert.deepEqual(parts(text), parts(english[key] ?? key), key);
      }
    });
  }
});
