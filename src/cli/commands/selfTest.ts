/** `longsight self-test`: what `doctor` runs, once for each device, in a process of its own. */
import type { Command } from "commander";
import { spawn } from "node:child_process";
import { type ErrorValue, userErrors } from "../../shared/errors";
import type { Place } from "../../engine/deviceTests";
import { selfTest, type SelfTestElsewhere } from "../../engine/doctor";
import { failedSelfTest, type SelfTest } from "../../engine/selfTest";
import { openSession, ReportedFailure } from "../session";

export function addSelfTestCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("self-test", { hidden: true })
    .description("compare selective with dense attention on one device")
    .action(async () => {
      const { output, settings, log } = openSession(command, signal);
      const test = await selfTest(settings, log, signal);
      if (signal.aborted) throw userErrors.cancelled();
      output.event({ type: "self-test", ...test });
      output.text(`${test.ok ? "passed" : "FAILED"} on ${test.model}\n`);
      if (!test.ok) throw new ReportedFailure();
    });
}

/** Runs this command on another device; `options` are those of the command line that is running. */
export function selfTestIn(options: readonly string[], signal: AbortSignal): SelfTestElsewhere {
  return async (place) => {
    const { status, lines, errors } = await runSelf(["self-test", "--json", ...options], place, signal);
    const event = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>).at(-1);
    if (event?.["type"] === "self-test") return event as unknown as SelfTest;
    if (event?.["type"] === "error") return { ...failedSelfTest("none", null), error: event as unknown as ErrorValue };
    throw new Error(`The self-test ended with ${status} and without a result. ${errors}`.trim());
  };
}

interface Ended {
  /** Exit code, or the signal that ended it. */
  readonly status: string;
  readonly lines: readonly string[];
  /** The last that it said on standard error. */
  readonly errors: string;
}

function runSelf(args: readonly string[], { backend, server, env }: Place, signal: AbortSignal): Promise<Ended> {
  const script = process.argv[1];
  if (script === undefined) throw new Error("The self-test needs the command line's own file.");
  const where = server === null ? ["--backend", backend] : ["--backend", "cpu", "--rpc", server];
  const child = spawn(process.execPath, [...process.execArgv, script, ...args, ...where], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    signal,
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-500)));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, name) => {
      const status = name ?? `exit code ${code}`;
      resolve({ status, lines: output.split("\n").filter((line) => line.startsWith("{")), errors: errors.trim() });
    });
  });
}
