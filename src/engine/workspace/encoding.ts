/**
 * Bytes to text, as editors decode them: UTF-8, UTF-16 with or without a byte order mark, and Windows-1252, which Latin-1 is
 * part of, when nothing speaks against it. A byte order mark is no part of the text.
 */

export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

export interface Decoded {
  readonly text: string;
  readonly encoding: Encoding;
}

/** Why bytes are no text that is known. */
export type Undecodable = "binary" | "unknown text encoding";

const decoders = {
  "utf-8": new TextDecoder("utf-8", { fatal: true }),
  "utf-16le": new TextDecoder("utf-16le", { fatal: true }),
  "utf-16be": new TextDecoder("utf-16be", { fatal: true }),
};
const lossyUtf8 = new TextDecoder("utf-8");

/** Bytes that are looked at to tell UTF-16 without a mark; editors look as far. */
const UTF16_WINDOW = 512;

/** Decodes the bytes of a file, or says why it cannot. */
export function decode(data: Uint8Array): Decoded | Undecodable {
  const marked = markedEncoding(data);
  if (marked !== null) return decodeAs(marked, data) ?? "binary";
  if (!data.includes(0)) {
    const utf8 = decodeAs("utf-8", data);
    if (utf8 !== null) return utf8;
    return isWestern(data)
      ? { text: decodeWestern(data), encoding: "windows-1252" }
      : hasControls(data)
        ? "binary"
        : "unknown text encoding";
  }
  const guess = unmarkedUtf16(data);
  const utf16 = guess === null ? null : decodeAs(guess, data);
  return utf16 !== null && !CONTROLS.test(utf16.text) ? utf16 : "binary";
}

/** What an editor shows that takes the bytes for UTF-8, whatever they are. */
export function decodeLossily(data: Uint8Array): string {
  return lossyUtf8.decode(data);
}

/** Control characters that stand in no text; not tab, line ends, form feed and escape. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f\ufffe\uffff]/;

function decodeAs(encoding: keyof typeof decoders, data: Uint8Array): Decoded | null {
  try {
    return { text: decoders[encoding].decode(data), encoding };
  } catch {
    return null;
  }
}

function markedEncoding(data: Uint8Array): keyof typeof decoders | null {
  const [a, b, c, d] = data;
  if (a === 0xef && b === 0xbb && c === 0xbf) return "utf-8";
  if (a === 0xfe && b === 0xff) return "utf-16be";
  // The mark of UTF-32 begins like that of UTF-16.
  if (a === 0xff && b === 0xfe && !(c === 0 && d === 0)) return "utf-16le";
  return null;
}

/** Text in Latin letters has a zero in every second byte, nearly. */
function unmarkedUtf16(data: Uint8Array): "utf-16le" | "utf-16be" | null {
  if (data.length % 2 !== 0) return null;
  const end = Math.min(data.length, UTF16_WINDOW);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < end; i++) {
    if (data[i] !== 0) continue;
    if (i % 2 === 0) even++;
    else odd++;
  }
  const most = end * 0.4;
  if (even === 0 && odd >= most) return "utf-16le";
  return odd === 0 && even >= most ? "utf-16be" : null;
}

/** Punctuation of Windows-1252 that prose has, where Latin-1 has controls. */
const PUNCTUATION: ReadonlyMap<number, string> = new Map([
  [0x80, "€"],
  [0x82, "‚"],
  [0x84, "„"],
  [0x85, "…"],
  [0x91, "‘"],
  [0x92, "’"],
  [0x93, "“"],
  [0x94, "”"],
  [0x95, "•"],
  [0x96, "–"],
  [0x97, "—"],
  [0x99, "™"],
]);
/** Node's own decoder of this name makes controls of the punctuation. */
function decodeWestern(data: Uint8Array): string {
  const latin1 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
  return latin1.replace(/[\u0080-\u009f]/g, (character) => PUNCTUATION.get(character.charCodeAt(0)) ?? character);
}

/** Longest run of bytes beyond ASCII in the words of Western languages, nearly always. */
const LONGEST_RUN = 2;
const LEAST_SHARE = 0.9;
const MOST_BEYOND_ASCII = 0.25;

/**
 * True when bytes are text of a Western language: few bytes beyond ASCII, which stand alone or in pairs. In Cyrillic, Greek
 * and East Asian encodings they come in long runs or with bytes that Windows-1252 hardly uses.
 */
function isWestern(data: Uint8Array): boolean {
  let beyond = 0;
  let inShortRuns = 0;
  let run = 0;
  const endRun = (): void => {
    if (run <= LONGEST_RUN) inShortRuns += run;
    run = 0;
  };
  for (const byte of data) {
    if (byte < 0x80) {
      if (isControl(byte)) return false;
      if (run > 0) endRun();
      continue;
    }
    if (byte < 0xa0 && !PUNCTUATION.has(byte)) return false;
    beyond++;
    run++;
  }
  endRun();
  return beyond <= data.length * MOST_BEYOND_ASCII && inShortRuns >= beyond * LEAST_SHARE;
}

const hasControls = (data: Uint8Array): boolean => data.some(isControl);

const isControl = (byte: number): boolean =>
  byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b);
