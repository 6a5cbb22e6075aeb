// One build at a time per checkout.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Runs `work` while holding `file`; waits for another holder, takes over from one that no longer runs. */
export async function withLock(file, onWait, work) {
  mkdirSync(path.dirname(file), { recursive: true });
  for (let waited = false; ;) {
    try {
      writeFileSync(file, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    let holder;
    try {
      holder = Number(readFileSync(file, "utf8"));
    } catch (error) {
      if (error.code === "ENOENT") continue; // released in between
      throw error;
    }
    if (holder > 0 && !isRunning(holder)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!waited) onWait(holder);
    waited = true;
    await sleep(500);
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}
