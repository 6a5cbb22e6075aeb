/** Settings that name files: glob patterns and folders, relative to each workspace folder. */
import { minimatch } from "minimatch";
import type { Document, WorkspaceRoot } from "../workspace/types";

/** Paths by which a document can be meant: as in the plan, and relative to its root when there are several. */
function pathsOf({ path }: Document, roots: readonly WorkspaceRoot[]): readonly string[] {
  if (roots.length < 2) return [path];
  return [path, path.slice(path.indexOf("/") + 1)];
}

/** Whether one of the patterns names a document. Without a `/` a pattern matches a name anywhere; a folder means all in it. */
export function globMatcher(
  patterns: readonly string[],
  roots: readonly WorkspaceRoot[],
): (document: Document) => boolean {
  const globs = patterns.flatMap((pattern) => {
    const bare = pattern.replace(/^\//, "").replace(/\/$/, "");
    const options = { dot: true, matchBase: !pattern.includes("/"), nonegate: true, nocomment: true };
    return [new minimatch.Minimatch(bare, options), new minimatch.Minimatch(`${bare}/**`, options)];
  });
  return (document) =>
    globs.length > 0 && pathsOf(document, roots).some((path) => globs.some((glob) => glob.match(path)));
}

/** Whether a document is in one of the folders; without folders all are. */
export function folderMatcher(
  folders: readonly string[],
  roots: readonly WorkspaceRoot[],
): (document: Document) => boolean {
  const prefixes = folders.map((folder) => folder.replace(/^(?:\.?\/)+/, "").replace(/\/*$/, "/"));
  if (prefixes.length === 0 || prefixes.some((prefix) => prefix === "/" || prefix === "./")) return () => true;
  return (document) => pathsOf(document, roots).some((path) => prefixes.some((prefix) => path.startsWith(prefix)));
}
