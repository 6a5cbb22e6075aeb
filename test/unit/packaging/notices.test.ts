import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { thirdPartyNotices } from "../../helpers/notices.mjs";
import { root } from "../../helpers/paths.mjs";

describe("THIRD_PARTY_NOTICES.md", function () {
  this.timeout(60_000);

  it("lists exactly what ships (npm run notices writes it)", async () => {
    const written = readFileSync(path.join(root, "THIRD_PARTY_NOTICES.md"), "utf8");
    const titles = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("## "));
    const current = await thirdPartyNotices();
    assert.deepEqual(titles(written), titles(current));
    assert.equal(written, current);
  });
});
