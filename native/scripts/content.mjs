// Content hashes: what a build is made of decides whether there is anything to do.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

/** sha256 of a file, hex. */
export function hashFile(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** All files below `dir`, as sorted relative paths with forward slashes; empty when `dir` does not exist. */
export function listFiles(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path
        .relative(dir, path.join(entry.parentPath ?? entry.path, entry.name))
        .split(path.sep)
        .join("/"),
    )
    .sort();
}

/**
 * Hash over values and over the names and contents of files.
 * @param {unknown} values anything JSON can write
 * @param {Record<string, string>} roots label → file or folder
 */
export function hashContent(values, roots) {
  const hash = createHash("sha256").update(JSON.stringify(values));
  for (const [label, root] of Object.entries(roots)) {
    const files = statSync(root, { throwIfNoEntry: false })?.isFile() ? [""] : listFiles(root);
    for (const file of files) hash.update(`\n${label}/${file} ${hashFile(path.join(root, file))}`);
  }
  return hash.digest("hex");
}
