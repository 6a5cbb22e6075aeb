/** Says why a test is skipped: the report prints it, and a test skipped without a reason fails the run. */

interface WithReason {
  skipReason?: string;
}

/** Skips the test, or from a `before` hook the whole suite. `context` is the `this` of the test or hook. */
export function skip(context: Mocha.Context, reason: string): never {
  const runnable = context.test ?? context.runnable();
  const isOfSuite = runnable.title.startsWith('"before all" hook');
  const owner = isOfSuite ? runnable.parent : (context.currentTest ?? runnable);
  if (owner !== undefined) (owner as WithReason).skipReason = reason;
  return context.skip();
}

/** The value of an environment variable that `npm test` sets; skips the test without it. */
export function requireEnv(context: Mocha.Context, name: "LONGSIGHT_TEST_MODEL" | "LONGSIGHT_TEST_CHAT_MODEL"): string {
  const value = process.env[name];
  if (value === undefined || value === "") skip(context, `${name} is not set: run it with npm test`);
  return value;
}
