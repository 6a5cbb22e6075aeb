// The workbench that npm start opens keeps its user data, so that the second start is quick.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cacheDir } from "./paths.mjs";

/** Folder for user data and extensions of one kind of workbench. */
export function workbenchHome(kind) {
  const dir = path.join(cacheDir(), `workbench-${kind}`);
  mkdirSync(dir, { recursive: true });
  return dir;
}

/** Calls `install` unless this very archive is installed in `home` already. */
export async function installOnce(home, vsix, install) {
  const stamp = path.join(home, "installed");
  const wanted = createHash("sha256").update(readFileSync(vsix)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return false;
  await install();
  writeFileSync(stamp, wanted);
  return true;
}
