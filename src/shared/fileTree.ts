/** Folders of a trace's files, and which of them the map draws as groups. */

/** What the map needs of a file. */
export interface SizedFile {
  readonly path: string;
  /** Number of the file in the trace. */
  readonly number: number;
  /** Tokens in the context: selectable and always selected ones. */
  readonly size: number;
}

export interface Folder {
  /** Path without a trailing slash; empty for the root. */
  readonly path: string;
  readonly folders: readonly Folder[];
  /** Direct files, largest first. */
  readonly files: readonly SizedFile[];
  /** Tokens of all files below. */
  readonly size: number;
  /** Number of all files below. */
  readonly count: number;
}

/** A framed part of the map: a folder with all below it, or only its direct files. */
export interface GroupedFolder {
  readonly folder: Folder;
  readonly direct: boolean;
  readonly size: number;
}

/** The folder tree of `files` below `root`; files elsewhere are left out. */
export function folderTree(files: readonly SizedFile[], root: string): Folder {
  const prefix = root === "" ? "" : `${root}/`;
  const below = files.filter((file) => file.path.startsWith(prefix) && file.size > 0);
  return buildFolder(root, below, prefix.length);
}

function buildFolder(path: string, below: readonly SizedFile[], depth: number): Folder {
  const files: SizedFile[] = [];
  const parts = new Map<string, SizedFile[]>();
  for (const file of below) {
    const slash = file.path.indexOf("/", depth);
    if (slash < 0) {
      files.push(file);
      continue;
    }
    const name = file.path.slice(depth, slash);
    const part = parts.get(name);
    if (part === undefined) parts.set(name, [file]);
    else part.push(file);
  }
  const folders = [...parts].map(([name, part]) =>
    buildFolder(path === "" ? name : `${path}/${name}`, part, depth + name.length + 1),
  );
  files.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
  folders.sort((a, b) => b.size - a.size || (a.path < b.path ? -1 : 1));
  const size = folders.reduce((sum, folder) => sum + folder.size, 0) + files.reduce((sum, file) => sum + file.size, 0);
  return { path, folders, files, size, count: folders.reduce((sum, folder) => sum + folder.count, files.length) };
}

/** Groups beyond which folders are not split any more, and the part of the map below which they stay whole. */
const maxGroups = 18;
const splitShare = 0.12;

/**
 * Groups of a folder: its subfolders, where large ones are split again, and direct files of split folders as groups of
 * their own. A chain of single folders counts as one.
 */
export function groupsOf(root: Folder): readonly GroupedFolder[] {
  let groups = split(whole(root));
  for (;;) {
    const [largest] = [...groups].sort((a, b) => splittable(b) - splittable(a));
    if (largest === undefined || splittable(largest) < Math.max(1, splitShare * root.size)) break;
    const parts = split(largest);
    if (groups.length - 1 + parts.length > maxGroups) break;
    groups = groups.flatMap((group) => (group === largest ? parts : [group]));
  }
  return [...groups].sort((a, b) => b.size - a.size);
}

/** Size of a group that can be split, else 0. */
function splittable(group: GroupedFolder): number {
  return group.direct || group.folder.folders.length === 0 ? 0 : group.size;
}

function split({ folder, direct, size }: GroupedFolder): readonly GroupedFolder[] {
  if (direct || folder.folders.length === 0) return [{ folder, direct: true, size }];
  const parts = folder.folders.map((child) => whole(skipChain(child)));
  const own = folder.files.reduce((sum, file) => sum + file.size, 0);
  return own === 0 ? parts : [...parts, { folder, direct: true, size: own }];
}

const whole = (folder: Folder): GroupedFolder => ({ folder, direct: false, size: folder.size });

/** The deepest folder that still holds everything: `src/main/java` for a chain of single folders. */
export function skipChain(folder: Folder): Folder {
  const only = folder.folders.length === 1 && folder.files.length === 0 ? folder.folders[0] : undefined;
  return only === undefined ? folder : skipChain(only);
}

/** Numbers of all files below. */
export function filesBelow(folder: Folder): number[] {
  return [...folder.files.map((file) => file.number), ...folder.folders.flatMap(filesBelow)];
}

/** The folder above, or null for the root. */
export function parentPath(path: string): string | null {
  if (path === "") return null;
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** Last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
