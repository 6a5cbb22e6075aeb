import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Log } from "./log";

const run = promisify(execFile);
/** Milliseconds after which a program that does not answer is ended. */
const PATIENCE_MS = 5000;

/** True when the machine runs on its battery; where that cannot be told, it is on mains. */
export async function onBattery(log: Log): Promise<boolean> {
  try {
    switch (process.platform) {
      case "linux":
        return await linuxOnBattery("/sys/class/power_supply");
      case "darwin":
        return pmsetOnBattery((await run("pmset", ["-g", "batt"], { timeout: PATIENCE_MS })).stdout);
      case "win32": {
        const command = "(Get-CimInstance -ClassName Win32_Battery).BatteryStatus";
        const args = ["-NoProfile", "-NonInteractive", "-Command", command];
        return windowsOnBattery(
          (await run("powershell.exe", args, { timeout: PATIENCE_MS, windowsHide: true })).stdout,
        );
      }
      default:
        return false;
    }
  } catch (error) {
    log.debug(`the power supply is not known: ${String(error)}`);
    return false;
  }
}

/** By the kernel's list of supplies: one of mains that is online decides, else a battery of the machine that discharges. */
export async function linuxOnBattery(dir: string): Promise<boolean> {
  const supplies = await readdir(dir).catch(() => []);
  const valueOf = async (supply: string, name: string): Promise<string> =>
    (await readFile(path.join(dir, supply, name), "utf8").catch(() => "")).trim();
  let discharging = false;
  for (const supply of supplies) {
    const type = await valueOf(supply, "type");
    if ((type === "Mains" || type === "USB") && (await valueOf(supply, "online")) === "1") return false;
    // Mice and headsets have batteries too, of scope "Device".
    const own = type === "Battery" && (await valueOf(supply, "scope")) !== "Device";
    discharging ||= own && (await valueOf(supply, "status")) === "Discharging";
  }
  return discharging;
}

/** By what `pmset -g batt` prints. */
export function pmsetOnBattery(output: string): boolean {
  return /drawing from 'Battery Power'/i.test(output);
}

/** By the status of each battery: 1 is discharging. */
export function windowsOnBattery(output: string): boolean {
  return output.split(/\s+/).includes("1");
}
