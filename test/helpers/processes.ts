/** Processes of this machine. */
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** All processes that can be seen, without kernel threads. */
function allProcesses(): Process[] {
  if (process.platform !== "linux") {
    const lines = execFileSync("ps", ["-axo", "pid=,command="], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => ({ pid: parseInt(line, 10), command: line.trim().replace(/^\d+\s+/, "") }));
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: commandLine(name) }))
    .filter(({ command }) => command !== "");
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // it has ended meanwhile
  }
}

/** Processes whose command line contains every one of the texts. */
export function findProcesses(...texts: readonly string[]): Process[] {
  return allProcesses().filter(({ command }) => texts.every((text) => command.includes(text)));
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
