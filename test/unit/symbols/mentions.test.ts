import assert from "node:assert/strict";
import { score, toName } from "../../../src/engine/symbols/match";
import { MentionIndex } from "../../../src/engine/symbols/mentionIndex";
import { Symbols } from "../../../src/engine/symbols/symbols";
import { snapshotOfTexts } from "../context/workspace";

const points = (query: string, name: string): number => score(toName(query), toName(name));

describe("match", () => {
  it("prefers exact names, beginnings, words, word beginnings, parts, and letters in order", () => {
    const names = ["book", "bookRepository", "guestBook", "baseObjectOfKeys", "cookbooks", "brook"];
    const scores = names.map((name) => points("book", name));
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
      `${scores.join()} for ${names.join()}`,
    );
    assert.ok(scores.every((value) => value > 0));
  });

  it("finds names by the beginnings of their words", () => {
    for (const query of ["br", "bore", "BoRe", "bookrep", "bookr"])
      assert.ok(points(query, "BookingRepository") > 0, query);
    assert.ok(points("br", "BookingRepository") > points("br", "abracadabra"));
    assert.ok(points("hs", "hold_sweeper") > points("hs", "machos"));
  });

  it("does not match letters that are missing, too many or too far apart", () => {
    assert.equal(points("xyz", "BookingRepository"), 0);
    assert.equal(points("bookings", "booking"), 0);
    assert.equal(points("acegikm", "abcdefghijklm"), 0);
  });

  it("prefers the case that was typed, and the shorter name", () => {
    assert.ok(points("Port", "PortList") > points("Port", "portList"));
    assert.ok(points("port", "port1") > points("port", "portable"));
  });

  it("takes long names of repeated letters at once", () => {
    assert.equal(points(`${"a".repeat(100)}b`, `${"a_".repeat(500)}c`), 0);
  });
});

describe("MentionIndex", () => {
  const { snapshot } = snapshotOfTexts({
    "README.md": "# Demo\n",
    "src/booking/bookingRepository.ts": "",
    "src/booking/hold.ts": "export class Hold {\n  release(): void {}\n}\nconst holder = 1;\n",
    "src/http/server.ts": "",
    "test/hold.test.ts": "",
  });
  const index = new MentionIndex(snapshot.documents);
  const labels = (text: string, limit = 10): string[] => index.find(text, limit).map(({ label }) => label);

  before(async () => {
    const symbols = new Symbols();
    const hold = snapshot.documents.find(({ path }) => path === "src/booking/hold.ts")!;
    const text = "export class Hold {\n  release(): void {}\n}\nconst holder = 1;\n";
    assert.equal(index.add(hold, await symbols.symbolsOf("typescript", text, hold.contentHash)), true);
    await symbols.dispose();
  });

  it("finds files, folders and symbols, the best first, as often as asked for", () => {
    assert.equal(labels("Hold")[0], "Hold");
    assert.ok(labels("hold").includes("src/booking/hold.ts"));
    assert.ok(labels("hold").includes("test/hold.test.ts"));
    assert.equal(labels("br")[0], "src/booking/bookingRepository.ts");
    assert.equal(labels("booking")[0], "src/booking/");
    assert.equal(labels("o", 2).length, 2);
    assert.deepEqual(labels("zzzz"), []);
  });

  it("takes what has a slash as a path", () => {
    assert.equal(labels("src/http")[0], "src/http/");
    assert.equal(labels("@src/booking/hold.ts")[0], "src/booking/hold.ts");
    assert.deepEqual(labels("booking/").slice(0, 1), ["src/booking/"]);
  });

  it("finds a member by its class, once", () => {
    const [first, ...rest] = index.find("Hold.rel", 5);
    assert.deepEqual(first, {
      kind: "symbol",
      label: "Hold.release",
      detail: "src/booking/hold.ts:2",
      mention: { uri: "file:///w/src/booking/hold.ts", startLine: 2, endLine: 2, label: "@Hold.release" },
    });
    assert.ok(rest.every(({ label }) => label !== "Hold.release"));
  });

  it("gives a folder its own address", () => {
    const folder = index.find("booking/", 5).find(({ kind }) => kind === "folder");
    assert.deepEqual(folder?.mention, { uri: "file:///w/src/booking", label: "@src/booking/" });
  });

  it("offers the files edited last while nothing is typed", () => {
    assert.deepEqual(labels("", 2), ["test/hold.test.ts", "src/http/server.ts"]);
  });
});
