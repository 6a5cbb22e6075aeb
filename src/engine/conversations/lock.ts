import { open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { userErrors } from "../../shared/errors";
import { ensureFolder, partName } from "../disk";

/** A lock is held for one small read and write: one that is older belongs to a process that died. */
const STALE_MS = 10_000;
const RETRY_MS = 15;

/**
 * Runs `work` while no other process, and no other call, runs one under the same lock file.
 * @throws LongsightError LS-501 when the lock cannot be made
 */
export async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  await ensureFolder(path.dirname(file));
  while (!(await take(file))) {
    await breakStale(file);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random())));
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await (await open(file, "wx")).close();
    return true;
  } catch (error) {
    // Windows says EPERM while a removed file is still open somewhere.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || (code === "EPERM" && process.platform === "win32")) return false;
    throw userErrors.dataDirUnusable(path.dirname(file), error);
  }
}

/** Takes a dead process's lock away under a name of its own, so that only one of those who wait removes it. */
async function breakStale(file: string): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info === null || Date.now() - info.mtimeMs < STALE_MS) return;
  const own = partName(file);
  if (
    await rename(file, own).then(
      () => true,
      () => false,
    )
  )
    await rm(own, { force: true });
}
