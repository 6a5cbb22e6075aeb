import type { StandaloneTrace } from "./trace";

/** Id of the element that holds the data of a self-contained page, as JSON. */
export const standaloneDataId = "longsight-trace";

/** What a self-contained heatmap page is made of. */
export interface StandalonePageParts {
  readonly title: string;
  readonly data: StandaloneTrace;
  /** Text of dist/webview/heatmap.js. */
  readonly script: string;
  /** Text of dist/webview/heatmap.css. */
  readonly css: string;
  /** At least 128 random bits, base64: only what carries it runs. */
  readonly nonce: string;
}

/**
 * A heatmap as one HTML page that needs neither network nor engine. Its policy forbids everything but the two blocks
 * that carry the nonce; the data is inert JSON.
 * @throws RangeError when the nonce is not base64 of at least 16 bytes
 */
export function standalonePage({ title, data, script, css, nonce }: StandalonePageParts): string {
  if (!/^[A-Za-z0-9+/]{22,}={0,2}$/.test(nonce)) throw new RangeError("The nonce must be base64 of at least 16 bytes.");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<title>${escapeText(title)}</title>
<style nonce="${nonce}">${escapeStyle(withoutSourceMap(css))}</style>
</head>
<body>
<div id="root"></div>
<script type="application/json" id="${standaloneDataId}">${escapeJson(data)}</script>
<script nonce="${nonce}">${escapeScript(withoutSourceMap(script))}</script>
</body>
</html>
`;
}

/** JSON that can stand in a script element: no `<` and no line separator of older JavaScript. */
export function escapeJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** In JavaScript these sequences only stand in strings, templates and regular expressions, where `\x3c` is `<`. */
function escapeScript(script: string): string {
  return script.replace(/<(?=\/script|!--)/gi, "\\x3c");
}

function escapeStyle(css: string): string {
  return css.replace(/<(?=\/style)/gi, "\\3c ");
}

function withoutSourceMap(text: string): string {
  return text.replace(/^\s*(?:\/\/[#@] sourceMappingURL=.*|\/\*[#@] sourceMappingURL=.*\*\/)\s*$/gm, "");
}
