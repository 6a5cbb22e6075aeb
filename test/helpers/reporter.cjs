// Mocha's spec output, and the results as JSON in the file that LONGSIGHT_TEST_RESULTS names.
const { mkdirSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { reporters, Runner } = require("mocha");

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Runner.constants;

/** What test/helpers/skip.ts left on the test or on a suite around it. */
function skipReason(test) {
  for (let at = test; at !== undefined; at = at.parent) if (at.skipReason !== undefined) return at.skipReason;
  return null;
}

class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const tests = [];
    const note = (state) => (test, error) =>
      tests.push({
        title: test.fullTitle(),
        state,
        ms: test.duration ?? 0,
        ...(state === "skipped" && { reason: skipReason(test) }),
        ...(error !== undefined && { error: String(error.stack ?? error) }),
      });
    runner.on(EVENT_TEST_PASS, note("passed"));
    runner.on(EVENT_TEST_FAIL, note("failed"));
    runner.on(EVENT_TEST_PENDING, note("skipped"));
    runner.on(EVENT_RUN_END, () => {
      const file = process.env.LONGSIGHT_TEST_RESULTS;
      if (!file) return;
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, JSON.stringify({ tests }, null, 2));
    });
  }
}

module.exports = Reporter;
