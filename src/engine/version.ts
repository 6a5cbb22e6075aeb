import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Version of Longsight: of the package that this code was started from. */
export function longsightVersion(): string {
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    const version = versionOf(path.join(dir, "package.json"));
    if (version !== null) return version;
    if (path.dirname(dir) === dir) throw new Error("package.json of longsight was not found");
  }
}

function versionOf(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return null; // No manifest in this folder: the next one up.
  }
  const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
  return name === "longsight" && typeof version === "string" ? version : null;
}
