// npm run test:native: the level "native", or its C++ programs under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer.
import { readdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { root } from "./paths.mjs";
import { main, onInterrupt, run, seconds, SetupError } from "./steps.mjs";

const USAGE = `usage: npm run test:native -- [options]
  --sanitize          the C++ programs under sanitizers, in a build of its own (about 15 minutes on two cores the first time)
  --only NAME         this program alone, with --sanitize; may be given more than once
  --seconds N         how long esa-random and esa-fuzz go on, with --sanitize (default: as in an ordinary run)
  --seed N            the number that they start from`;

/** Any report ends the program with a code other than 0. Huge sizes are an error of the allocator, as without sanitizers. */
const SANITIZERS = {
  ASAN_OPTIONS: "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
  UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
};

/** Programs that go through cases made by chance; the others take their arguments for models. */
const BY_CHANCE = ["esa-fuzz", "esa-random"];

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        sanitize: { type: "boolean", default: false },
        only: { type: "string", multiple: true },
        seconds: { type: "string" },
        seed: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
    for (const name of ["seconds", "seed"]) {
      const text = values[name];
      if (text !== undefined && !/^\d+$/.test(text)) throw new Error(`--${name} ${text}: a whole number`);
    }
    const needsSanitize = ["only", "seconds", "seed"].find((name) => values[name] !== undefined);
    if (!values.sanitize && needsSanitize !== undefined) throw new Error(`--${needsSanitize} goes with --sanitize`);
    return values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

const runNode = (file, args, env) =>
  run(process.execPath, [path.join(root, file), ...args], { cwd: root, minutes: 120, show: true, env });

async function runSanitized({ only, seconds: duration, seed }) {
  await runNode("native/build.mjs", ["--backend", "cpu", "--sanitize"]);
  const dir = path.join(root, "native/build/cpu-sanitize/out/test");
  const all = readdirSync(dir).sort();
  const unknown = only?.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new SetupError(`there is no ${unknown}; there are ${all.join(", ")}`);
  const chance = [...(duration ? ["--seconds", duration] : []), ...(seed ? ["--seed", seed] : [])];
  const failed = [];
  for (const name of only ?? all) {
    console.log(`\n== ${name}`);
    const since = performance.now();
    const env = { ...process.env, ...SANITIZERS };
    const options = { cwd: root, minutes: 30 + Number(duration ?? 0) / 60, show: true, env };
    await run(path.join(dir, name), BY_CHANCE.includes(name) ? chance : [], options).catch((error) => {
      if (!(error instanceof SetupError)) throw error;
      console.error(error.message);
      failed.push(name);
    });
    console.log(`# ${seconds(since)}`);
  }
  console.log(failed.length === 0 ? "\nNo sanitizer has anything to report." : `\nfailed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  onInterrupt();
  await main(async () => {
    if (options.sanitize) return runSanitized(options);
    await runNode("test/helpers/test.mjs", ["--level", "native"]);
    return 0;
  });
}
