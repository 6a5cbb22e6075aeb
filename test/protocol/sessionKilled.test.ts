import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Ask, type AnswerResult, Read, type Reading } from "../../src/shared/protocol";
import { requireEnv } from "../helpers/skip";
import { EngineProcess } from "./engineProcess";

/** How often a reading is killed; more for long runs. */
const KILLS = Number(process.env["LONGSIGHT_TEST_KILLS"] ?? 3);
/** Seconds of work within which the kill comes. */
const WITHIN_SECONDS = Number(process.env["LONGSIGHT_TEST_KILL_SECONDS"] ?? 6);
const FILES = 6;

for (const reading of ["perFile", "contextual"] as readonly Reading[]) {
  describe(`killed at random moments: ${reading}`, function () {
    this.timeout((KILLS + 5) * 60_000);
    let model: string;
    let scratch: string;
    let folder: string;
    const engines: EngineProcess[] = [];

    before(function () {
      model = requireEnv(this, "LONGSIGHT_TEST_MODEL");
      scratch = mkdtempSync(path.join(tmpdir(), "longsight-killed-"));
      folder = path.join(scratch, "harbour");
      mkdirSync(folder);
      mkdirSync(path.join(scratch, "killed"));
      for (let file = 0; file < FILES; file++) {
        const lines = Array.from({ length: 30 }, (_, i) => `export const berth${file}_${i} = ${i * 7 + file};\n`);
        writeFileSync(path.join(folder, `dock${file}.ts`), lines.join(""));
      }
    });
    after(async () => {
      for (const engine of engines.splice(0)) await engine.kill();
      rmSync(scratch, { recursive: true, force: true });
    });

    async function start(data: string): Promise<EngineProcess> {
      const engine = new EngineProcess({
        folder,
        dataDir: path.join(scratch, data),
        settings: { model, reading, backgroundReading: "never", maxAnswerTokens: 16, threads: 2 },
      });
      engines.push(engine);
      await engine.initialize();
      return engine;
    }

    async function answerOf(data: string): Promise<AnswerResult> {
      const engine = await start(data);
      const answer = await engine.request(Ask, { askId: "a", question: "What is a berth?" });
      await engine.stop();
      return answer;
    }

    it(`loses no more than what was in flight, and answers as if nothing had happened, after ${KILLS} kills`, async () => {
      const expected = await answerOf("straight");
      const moments: number[] = [];
      let reused = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const engine = await start("killed");
        const ended = engine.request(Read, { rebuild: false }).catch(() => null);
        const seconds = Math.random() * WITHIN_SECONDS;
        moments.push(seconds);
        await Promise.race([ended, sleep(seconds * 1000)]);
        const kept = readdirSync(path.join(scratch, "killed"), { recursive: true }).map(String);
        reused = kept.filter((name) => name.endsWith(".segment")).length;
        await engine.kill();
      }
      const answer = await answerOf("killed");
      const told = `killed after ${moments.map((seconds) => seconds.toFixed(2)).join(", ")} s`;
      assert.equal(answer.text, expected.text, told);
      assert.deepEqual(answer.citations, expected.citations, told);
      assert.deepEqual(answer.context, expected.context, told);
      // Each segment but the one that was being renamed when it was counted is found again.
      if (reused > 1) assert.ok(answer.timings.reusedTokens > 0, told);
      const again = await answerOf("killed");
      assert.equal(again.timings.reusedTokens, expected.context.tokens, told);
      assert.equal(again.text, expected.text, told);
    });
  });
}
