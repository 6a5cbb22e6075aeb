/** Lists in the settings of single folders of a multi-root workspace, as one list for the engine. */

const MAGIC = /[[\]*?{}()!\\]/g;

/** A pattern of one folder, as it is meant in the whole workspace: paths begin with the folder's name there. */
export function patternIn(folder: string, pattern: string): string {
  const name = folder.replace(MAGIC, "\\$&");
  // Without a slash a pattern matches a name anywhere in the folder.
  return pattern.includes("/") ? `${name}/${pattern.replace(/^\/+/, "")}` : `${name}/**/${pattern}`;
}

/**
 * The folders that the context is limited to. A workspace folder without a limit of its own is in as a whole, unless no
 * folder has one.
 * @param common limits of the whole workspace
 * @param own limits by the name of each workspace folder
 */
export function scopeOf(common: readonly string[], own: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const limited = [...own.values()].some((paths) => paths.length > 0);
  if (!limited) return common;
  const parts = [...own].flatMap(([name, paths]) =>
    paths.length === 0
      ? common.length === 0
        ? [name]
        : []
      : paths.map((path) => `${name}/${path.replace(/^\/+/, "")}`),
  );
  return [...common, ...parts];
}
