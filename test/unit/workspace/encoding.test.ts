import assert from "node:assert/strict";
import path from "node:path";
import { URI } from "vscode-uri";
import { type Encoding, decode } from "../../../src/engine/workspace/encoding";
import { createReader } from "../../../src/engine/workspace/walk";
import { Scratch, snapshotOf } from "./scratch";

const PROSE = "Größe und Maß: die Überprüfung ergab 5 Fehler.\nL'été, c'était très agréable à la plage.\n";

/** UTF-16 with the high byte first. */
const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();

describe("encodings", () => {
  const scratch = new Scratch();

  const texts: Readonly<Record<string, readonly [Encoding, Uint8Array, string]>> = {
    "UTF-8": ["utf-8", Buffer.from(PROSE), PROSE],
    "UTF-8 with a mark": ["utf-8", Buffer.from(`\uFEFF${PROSE}`), PROSE],
    "UTF-16 LE with a mark": ["utf-16le", Buffer.from(`\uFEFF${PROSE}漢字`, "utf16le"), `${PROSE}漢字`],
    "UTF-16 BE with a mark": ["utf-16be", utf16be(`\uFEFF${PROSE}漢字`), `${PROSE}漢字`],
    "UTF-16 LE without a mark": ["utf-16le", Buffer.from(PROSE, "utf16le"), PROSE],
    "UTF-16 BE without a mark": ["utf-16be", utf16be(PROSE), PROSE],
    "Latin-1": ["windows-1252", Buffer.from(PROSE, "latin1"), PROSE],
    "Windows-1252 quotes and dashes": [
      "windows-1252",
      Buffer.from([
        ...Buffer.from("He said "),
        0x93,
        ...Buffer.from("no"),
        0x94,
        0x20,
        0x97,
        ...Buffer.from(" 5 "),
        0x80,
      ]),
      "He said “no” — 5 €",
    ],
    nothing: ["utf-8", Buffer.alloc(0), ""],
  };
  for (const [title, [encoding, bytes, text]] of Object.entries(texts)) {
    it(title, () => assert.deepEqual(decode(bytes), { text, encoding }));
  }

  const others: Readonly<Record<string, readonly [string, readonly number[]]>> = {
    "a zero byte": ["binary", [0x61, 0, 0x62]],
    "a picture's header": ["binary", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]],
    "compressed bytes without zeros": ["binary", [0x1f, 0x8b, 0x08, 0x08, 0xc3, 0x28, 0xa0, 0xff]],
    "UTF-32": ["binary", [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]],
    "half a UTF-16 character behind a mark": ["binary", [0xff, 0xfe, 0x61, 0, 0x00, 0xd8]],
    // "Привет, мир" in Windows-1251, KOI8-R; "こんにちは" in Shift JIS; "你好,世界" in GBK.
    "Cyrillic, Windows-1251": [
      "unknown text encoding",
      [0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2, 0x2c, 0x20, 0xec, 0xe8, 0xf0],
    ],
    "Cyrillic, KOI8-R, in a program": [
      "unknown text encoding",
      [...Buffer.from("int a; /* counts all the words of a line */ // "), 0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4, 0x0a],
    ],
    "Shift JIS": [
      "unknown text encoding",
      [
        ...Buffer.from("int greeting; // a long enough line "),
        0x82,
        0xb1,
        0x82,
        0xf1,
        0x82,
        0xc9,
        0x82,
        0xbf,
        0x82,
        0xcd,
      ],
    ],
    GBK: [
      "unknown text encoding",
      [
        ...Buffer.from("int greeting; // a long enough line of text "),
        0xc4,
        0xe3,
        0xba,
        0xc3,
        0x2c,
        0xca,
        0xc0,
        0xbd,
        0xe7,
      ],
    ],
  };
  for (const [title, [reason, bytes]] of Object.entries(others)) {
    it(`${title} is left out`, () => assert.equal(decode(Uint8Array.from(bytes)), reason));
  }

  it("the text of a file is the same from disk and from an editor", async () => {
    const files = {
      "utf16.txt": Buffer.from(`\uFEFF${PROSE}`, "utf16le"),
      "bare16.txt": Buffer.from(PROSE, "utf16le"),
      "marked.txt": Buffer.from(`\uFEFF${PROSE}`),
      "latin1.txt": Buffer.from(PROSE, "latin1"),
    };
    const dir = scratch.folder(files);
    const uriOf = (name: string): string => URI.file(path.join(dir, name)).toString();
    const buffers = new Map(Object.keys(files).map((name) => [uriOf(name), PROSE]));
    // An editor that opened Latin-1 as UTF-8 shows this.
    buffers.set(uriOf("latin1.txt"), new TextDecoder().decode(files["latin1.txt"]));
    for (const shown of [undefined, buffers]) {
      const snapshot = await snapshotOf(dir, shown && { buffers: shown });
      assert.equal(snapshot.documents.length, 4);
      const read = createReader(shown);
      for (const document of snapshot.documents) {
        assert.equal(document.unsaved, false, document.path);
        assert.equal(await read(document), PROSE);
      }
    }
    buffers.set(uriOf("latin1.txt"), "edited \uFFFD\n");
    const edited = await snapshotOf(dir, { buffers });
    assert.deepEqual(
      edited.documents.filter((document) => document.unsaved).map((document) => document.path),
      ["latin1.txt"],
    );
  });
});
