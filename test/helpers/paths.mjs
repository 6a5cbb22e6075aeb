// Where things are: this checkout, and the caches that all checkouts of this user share.
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const artifacts = path.join(root, "artifacts");
export const demo = path.join(root, "test/fixtures/demo");

/** Name of this platform as Visual Studio Code's packages use it, such as "linux-x64". */
export const platform = `${process.platform}-${process.arch}`;
export const vsix = path.join(root, "dist", `longsight-${platform}.vsix`);

/** This user's cache folder for Longsight, shared with the native build's. */
export function cacheDir() {
  const home = os.homedir();
  const base =
    process.platform === "darwin"
      ? path.join(home, "Library/Caches")
      : process.env.XDG_CACHE_HOME || path.join(home, ".cache");
  return path.join(base, "longsight");
}
