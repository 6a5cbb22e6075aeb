import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { lstat, open, readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { URI } from "vscode-uri";
import {
  type FileData,
  FileError,
  type FileKind,
  type FileStat,
  type FileSystem,
  type FolderEntry,
} from "./fileSystem";
import { Pace } from "./pace";

const ATTEMPTS = 3;
/** A link that took the place of a file is not followed, and a pipe does not block; Windows has neither. */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** Names that stand in a URI as they are. */
const PLAIN_NAME = /^[\w.~-]+$/;

/** The disk of this machine. Places are paths. */
export class NodeFileSystem implements FileSystem {
  readonly #pace = new Pace();

  place(uri: string): string {
    const { fsPath } = URI.parse(uri);
    return fsPath.length > 1 && /[^:][\\/]$/.test(fsPath) ? fsPath.slice(0, -1) : fsPath;
  }

  uri(folderUri: string, name: string): string {
    if (PLAIN_NAME.test(name)) return `${folderUri}/${name}`;
    return (
      folderUri +
      URI.from({ scheme: "file", path: `/${name}` })
        .toString()
        .slice("file://".length)
    );
  }

  join(folder: string, name: string): string {
    return folder.endsWith(path.sep) ? folder + name : folder + path.sep + name;
  }

  parent(folder: string): string | null {
    const parent = path.dirname(folder);
    return parent === folder ? null : parent;
  }

  label(place: string): string {
    return place;
  }

  async list(folder: string): Promise<readonly FolderEntry[]> {
    const entries = await this.#pace.run(
      () => readdirSync(folder, { withFileTypes: true }),
      () => readdir(folder, { withFileTypes: true }),
    );
    return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
  }

  async stat(place: string, follow = false): Promise<FileStat> {
    const facts = await this.#pace.run(
      () => (follow ? statSync(place) : lstatSync(place)),
      () => (follow ? stat(place) : lstat(place)),
    );
    return toStat(facts);
  }

  async read(file: string, maxBytes: number, within?: string): Promise<FileData | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const read = await this.#pace.run(
        () => readOnceSync(file, maxBytes),
        () => readOnce(file, maxBytes),
      );
      if (read === null) continue;
      if (within !== undefined) await this.#requireWithin(file, within);
      return read;
    }
    return null;
  }

  async linkReason(link: string, root: string): Promise<string> {
    try {
      const relative = path.relative(await realpath(root), await realpath(link));
      if (isOutside(relative)) return "link to a place outside the folder";
      return `link to ${relative.split(path.sep).join("/") || "the folder itself"}`;
    } catch {
      return "broken link";
    }
  }

  /** A folder on the way may have become a link since it was listed: then what was read is another folder's. */
  async #requireWithin(file: string, within: string): Promise<void> {
    const folder = path.dirname(file);
    const [found, root] = await this.#pace.run(
      () => [realpathSync.native(folder), realpathSync.native(within)] as const,
      () => Promise.all([realpath(folder), realpath(within)]),
    );
    if (isOutside(path.relative(root, found))) throw new FileError("ELOOP", `a link leads out of ${within}`);
  }
}

function isOutside(relative: string): boolean {
  return relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative);
}

function kindOf(entry: Dirent | Stats): FileKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}

function toStat(facts: Stats): FileStat {
  const { size, mtimeMs, ctimeMs, ino } = facts;
  return { kind: kindOf(facts), bytes: size, mtimeMs, ctimeMs, inode: ino };
}

/** null when the file changed while it was read. */
function readOnceSync(file: string, maxBytes: number): FileData | null {
  const handle = openSync(file, OPEN_FLAGS);
  try {
    const before = fstatSync(handle);
    requireFile(before, file);
    if (before.size > maxBytes) return { stat: toStat(before), data: null };
    const buffer = bufferFor(before);
    let length = 0;
    for (;;) {
      const bytesRead = readSync(handle, buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length >= before.size) break;
    }
    return complete(buffer, length, before, fstatSync(handle));
  } finally {
    closeSync(handle);
  }
}

async function readOnce(file: string, maxBytes: number): Promise<FileData | null> {
  const handle = await open(file, OPEN_FLAGS);
  try {
    const before = await handle.stat();
    requireFile(before, file);
    if (before.size > maxBytes) return { stat: toStat(before), data: null };
    const buffer = bufferFor(before);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length >= before.size) break;
    }
    return complete(buffer, length, before, await handle.stat());
  } finally {
    await handle.close();
  }
}

function requireFile(facts: Stats, file: string): void {
  if (!facts.isFile()) throw new FileError(facts.isDirectory() ? "EISDIR" : "EINVAL", `${file} is not a regular file`);
}

/** One byte more than expected shows a file that grew. */
const bufferFor = ({ size }: Stats): Buffer => Buffer.allocUnsafe(size + 1);

function complete(buffer: Buffer, length: number, before: Stats, after: Stats): FileData | null {
  const same = length === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs;
  return same ? { stat: toStat(before), data: buffer.subarray(0, length) } : null;
}
