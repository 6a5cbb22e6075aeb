/** Patterns of the settings that pin files and leave them out; see the setting longsight.files.pinned. */

const MAGIC = /[[\]*?{}()!\\]/g;

/**
 * The glob pattern that matches one file, or everything below one folder, and nothing else.
 * @param path relative to the workspace folder, `/` separated, not empty
 */
export function patternFor(path: string, isFolder: boolean): string {
  const exact = path.replace(MAGIC, "\\$&");
  if (isFolder) return `${exact}/**`;
  // Without a slash a pattern would match files of that name everywhere.
  return path.includes("/") ? exact : `/${exact}`;
}

/** `list` with what is missing of `added` at its end. */
export function including(list: readonly string[], added: readonly string[]): string[] {
  return [...new Set([...list, ...added])];
}

/** `list` without `removed`. */
export function without(list: readonly string[], removed: readonly string[]): string[] {
  return list.filter((entry) => !removed.includes(entry));
}
