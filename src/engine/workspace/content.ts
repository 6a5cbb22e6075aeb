import { sha256 } from "../disk";
import { decode } from "./encoding";
import { secretByContent } from "./secrets";

/** What the bytes of a file turned out to be. */
export interface Content {
  /** null when the bytes are no text. */
  readonly text: string | null;
  /** sha256 of the text, hex; null without text. */
  readonly contentHash: string | null;
  readonly bytes: number;
  /** Why it is left out by default; null when it is not. Without text it cannot be re-included. */
  readonly reason: string | null;
}

/** Where a tool says that it wrote the file: near the top, in the wording that tools agree on. */
const GENERATED_MARK =
  /@generated\b|code generated .{0,200}do not edit|this file (?:is|was) (?:auto|automatically)[- ]?generated/i;
const GENERATED_WINDOW = 1024;

/** Prose has long lines by nature. */
const PROSE = /\.(?:md|mdx|markdown|rst|txt|adoc|tex|org)$/i;
const MINIFIED_MEAN_LINE = 400;
const MINIFIED_MIN_LENGTH = 2048;

/** Decodes a file's bytes and decides by content. */
export function classifyBytes(name: string, data: Uint8Array): Content {
  const decoded = decode(data);
  return typeof decoded === "string"
    ? noText(data.byteLength, decoded)
    : classifyText(name, decoded.text, data.byteLength);
}

/** Decides by content about text that is already decoded, such as an unsaved buffer. */
export function classifyText(name: string, text: string, bytes = Buffer.byteLength(text, "utf8")): Content {
  return { text, contentHash: sha256(text), bytes, reason: reasonOf(name, text) };
}

/** Something that is no text. */
export function noText(bytes: number, reason: string): Content {
  return { text: null, contentHash: null, bytes, reason };
}

function reasonOf(name: string, text: string): string | null {
  if (text === "") return "empty";
  const secret = secretByContent(name, text);
  if (secret !== null) return secret;
  if (PROSE.test(name)) return null;
  if (GENERATED_MARK.test(text.slice(0, GENERATED_WINDOW))) return "generated";
  return isMinified(text) ? "minified" : null;
}

function isMinified(text: string): boolean {
  if (text.length < MINIFIED_MIN_LENGTH) return false;
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return text.length / lines > MINIFIED_MEAN_LINE;
}

/** A file over the size limit. */
export function oversized(bytes: number, maxBytes: number): Content {
  return noText(bytes, `larger than ${Math.round(maxBytes / 1024).toLocaleString("en")} KB`);
}
