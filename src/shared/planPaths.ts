import type { PlannedFile } from "./protocol";

/**
 * URI of a file or folder of a plan by its path there; null when the plan has neither. A folder's URI is that of a file in
 * it without the names below the folder.
 */
export function planUri(files: readonly Pick<PlannedFile, "path" | "uri">[], path: string): string | null {
  const inside = `${path}/`;
  for (const file of files) {
    if (file.path === path) return file.uri;
    if (!file.path.startsWith(inside)) continue;
    const below = file.path.slice(inside.length).replace(/\/$/, "").split("/").length;
    return file.uri.replace(/\/$/, "").split("/").slice(0, -below).join("/");
  }
  return null;
}
