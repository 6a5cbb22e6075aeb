/**
 * The globs of `files.exclude` that always hold, as the engine takes them. Those that depend on siblings (`when`) hide files
 * that another file is made from, and are no reason to leave text out.
 */
export function hiddenBy(exclude: Readonly<Record<string, unknown>>): string[] {
  const globs = Object.keys(exclude).filter((glob) => exclude[glob] === true);
  // For the editor a glob without a folder stands for the top; for the engine it stands for a name anywhere.
  return globs.map((glob) => (glob.includes("/") ? glob : `/${glob}`));
}
