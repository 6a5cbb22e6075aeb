// Set-up in steps that say what they do and how long they took, and child processes that never outlive this one.
import { spawn } from "node:child_process";

/** A step cannot go on, with a message meant for the person who started it. */
export class SetupError extends Error {}

/** Process groups that were started here and still run. */
const running = new Set();
let interrupted = false;

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH" && error.code !== "EPERM") throw error;
  }
}

/** Ends everything that was started here. */
export function killAll(signal = "SIGTERM") {
  for (const child of running) killGroup(child.pid, signal);
}

process.on("exit", () => killAll("SIGKILL"));

/** Ctrl-C and termination end the children, run `last`, and exit with the shell's code for an interruption. */
export function onInterrupt(last = async () => undefined) {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ]) {
    process.on(signal, () => {
      if (interrupted) process.exit(code);
      interrupted = true;
      killAll();
      void last().finally(() => process.exit(code));
    });
  }
}

/** Starts a program in a process group of its own, so that it can be ended with its children. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], ...options });
  if (child.pid !== undefined) {
    running.add(child);
    child.once("exit", () => running.delete(child));
  }
  return child;
}

/** Ends a process group: asks, and after `grace` ms insists. Resolves when the first process is gone. */
export async function stop(child, grace = 5000) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    killGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => killGroup(child.pid, "SIGKILL"), grace);
    await gone;
    clearTimeout(timer);
  }
  killGroup(child.pid, "SIGKILL"); // whoever of the group is left
}

/**
 * Runs a program to its end.
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, minutes?: number, show?: boolean }} options `show` passes its output on;
 *   else the output is kept and shown when it fails
 * @returns {Promise<string>} its output, when it is not shown
 * @throws {SetupError} when it cannot be started, fails, or takes longer than `minutes`
 */
export async function run(command, args, { cwd, env, minutes = 10, show = false } = {}) {
  const line = [command, ...args].join(" ");
  const child = start(command, args, {
    cwd,
    env,
    stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
  });
  let output = "";
  const keep = (text) => (output += text);
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child.pid, "SIGKILL");
  }, minutes * 60_000);
  const status = await new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new SetupError(`${command} cannot be started: ${error.message}`)));
    child.once("close", resolve);
  }).finally(() => clearTimeout(timer));
  if (late) throw new SetupError(`'${line}' did not end within ${minutes} minutes.\n${excerpt(output)}`);
  if (status !== 0) throw new SetupError(`'${line}' failed (exit code ${status}).\n${excerpt(output)}`);
  return output;
}

/** The beginning and the end of a long output: npm says first what is wrong, compilers last. */
function excerpt(text) {
  const lines = text.trimEnd().split("\n");
  return (lines.length <= 50 ? lines : [...lines.slice(0, 20), "…", ...lines.slice(-30)]).join("\n");
}

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * One step of the set-up.
 * @param {() => Promise<string | undefined> | string | undefined} work returns a remark for the closing line
 */
export async function step(name, work) {
  const since = performance.now();
  console.log(`- ${name}`);
  const remark = await work();
  console.log(`  ${remark ?? "done"} (${seconds(since)})`);
}

/** Runs a command's main function: set-up errors become one message and exit code 1, anything else a stack as well. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    if (interrupted) return;
    console.error(`\n${error instanceof SetupError ? error.message : (error?.stack ?? error)}`);
    process.exitCode = 1;
  }
}

export const isInterrupted = () => interrupted;
