/** Code to highlighted nodes: only text and spans with class names of highlight.js. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import powershell from "highlight.js/lib/languages/powershell";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import DOMPurify from "dompurify";

const languages = {
  ...{ bash, c, cpp, csharp, css, diff, go, ini, java, javascript, json, makefile, markdown, php, powershell },
  ...{ python, ruby, rust, sql, typescript, xml, yaml },
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);
hljs.registerAliases(["cjs", "mjs", "jsx", "vue"], { languageName: "javascript" });
hljs.registerAliases(["cts", "mts"], { languageName: "typescript" });

/** Longer code, and code with longer lines, stays plain: highlighting is repeated while an answer is written. */
const maxLength = 40_000;
const maxLine = 2_000;

/** What was highlighted last, by language and code; streaming renders the finished blocks again and again. */
const cache = new Map<string, string>();
const cacheSize = 64;

/** Nodes of `code` in `language`, a name as in Markdown or a file's extension; plain text when it is not known. */
export function highlight(code: string, language: string): DocumentFragment {
  const known = language !== "" && hljs.getLanguage(language) !== undefined;
  if (!known || code.length > maxLength || code.split("\n").some((line) => line.length > maxLine)) {
    const plain = document.createDocumentFragment();
    plain.append(code);
    return plain;
  }
  // highlight.js escapes the code; what it returns is sanitised all the same.
  return DOMPurify.sanitize(markup(code, language), {
    ALLOWED_TAGS: ["span"],
    ALLOWED_ATTR: ["class"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

function markup(code: string, language: string): string {
  const key = `${language}\n${code}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const { value } = hljs.highlight(code, { language, ignoreIllegals: true });
  const oldest = cache.keys().next();
  if (cache.size >= cacheSize && oldest.value !== undefined) cache.delete(oldest.value);
  cache.set(key, value);
  return value;
}

/** The part of a path that tells the language: its extension, or its name. */
export const languageOf = (path: string): string =>
  path
    .slice(path.lastIndexOf("/") + 1)
    .split(".")
    .at(-1)
    ?.toLowerCase() ?? "";
