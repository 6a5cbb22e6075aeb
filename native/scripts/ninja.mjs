// Runs the compiler with one readable line of progress.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { BuildError } from "./tools.mjs";

const ENV = {
  ...process.env,
  NINJA_STATUS: "[%f/%t] ",
  CLICOLOR_FORCE: "0",
  // llama.cpp's CMake asks git for a commit; ours would change with every commit and recompile
  GIT_CEILING_DIRECTORIES: process.cwd(),
};

/** Configures `buildDir`, from nothing when the arguments differ from the last time. */
export function configure(sourceDir, buildDir, args) {
  const recorded = path.join(buildDir, "longsight-args.json");
  const wanted = JSON.stringify(args);
  if (existsSync(recorded) && readFileSync(recorded, "utf8") !== wanted) {
    rmSync(buildDir, { recursive: true, force: true });
  }
  mkdirSync(buildDir, { recursive: true });
  const env = { ...ENV, GIT_CEILING_DIRECTORIES: path.dirname(buildDir) };
  const run = spawnSync("cmake", ["-S", sourceDir, "-B", buildDir, "-G", "Ninja", ...args], { encoding: "utf8", env });
  const log = path.join(buildDir, "configure.log");
  writeFileSync(log, `${run.stdout ?? ""}${run.stderr ?? ""}`);
  if (run.error !== undefined) throw run.error;
  if (run.status !== 0) throw new BuildError(`cmake could not configure the build (${log}):\n${run.stderr.trim()}`);
  writeFileSync(recorded, wanted);
}

/** Jobs that fit: one per core, and about 1.5 GB for each compiler. */
export function defaultJobs() {
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(os.totalmem() / 1.5e9)));
}

function duration(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** The part of ninja's output that says what went wrong. */
function failure(output) {
  const start = output.search(/^FAILED:/m);
  return (start < 0 ? output : output.slice(start)).split("\n").slice(0, 60).join("\n");
}

/**
 * Builds `target` in `buildDir`.
 * @param {(text: string) => void} progress gets "120 of 412, about 3 min left"
 * @throws {BuildError} with the compiler's first errors
 */
export async function compile(buildDir, target, jobs, progress) {
  const log = path.join(buildDir, "ninja.log");
  const out = openSync(log, "w");
  const child = spawn("ninja", ["-C", buildDir, "-j", String(jobs), target], {
    env: { ...ENV, GIT_CEILING_DIRECTORIES: path.dirname(buildDir) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) {
    try {
      os.setPriority(child.pid, 10); // a build must not make the desktop stutter
    } catch {
      // no right to: it then runs at normal priority
    }
  }
  const stop = () => child.kill();
  process.once("exit", stop);
  const started = Date.now();
  let first = 0;
  child.stdout.setEncoding("utf8").on("data", (text) => {
    writeSync(out, text);
    const counts = [...text.matchAll(/^\[(\d+)\/(\d+)\]/gm)].at(-1);
    if (counts === undefined) return;
    const [done, total] = [Number(counts[1]), Number(counts[2])];
    if (first === 0) first = done;
    const seconds = (Date.now() - started) / 1000;
    const left = done > first && seconds > 15 ? `, about ${duration((seconds / done) * (total - done))} left` : "";
    progress(`${done} of ${total}${left}`);
  });
  child.stderr.on("data", (bytes) => writeSync(out, bytes));
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  process.off("exit", stop);
  closeSync(out);
  if (status !== 0) throw new BuildError(`compiling failed (${log}):\n${failure(readFileSync(log, "utf8"))}`);
}
