import { posix } from "node:path";
import { URI } from "vscode-uri";
import { userErrors } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";
import { type BoundedFolder, sha256 } from "./disk";
import type { Log } from "./log";
import { type Operation, ProgressMeter } from "./progress";
import { FileSystems } from "./workspace/fileSystems";
import { fileErrorCode, type FileSystem } from "./workspace/fileSystem";
import { FolderCounts } from "./workspace/folderCounts";
import { HashCache, hashesFolder } from "./workspace/hashCache";
import { requireFolder } from "./workspace/list";
import { readText } from "./workspace/reader";
import type { ReadText, Snapshot, WorkspaceRoot } from "./workspace/types";
import { createReader, takeSnapshot } from "./workspace/walk";

/** Of a document that is asked for by itself. */
const MOST_BYTES_OF_ONE = 64 << 20;

export interface TakeOptions extends Operation {
  /** Count the files of folders that are left out anew, not within the last minute. */
  readonly count?: boolean;
}

/** The files of the workspace now, with unsaved buffers in place of what is on disk. */
export class WorkspaceHost {
  #roots: readonly WorkspaceRoot[] = [];
  readonly #buffers = new Map<string, string>();
  readonly #hashes = new HashCache();
  readonly #counts = new FolderCounts();
  readonly #files: FileSystems;
  readonly #log: Log;
  /** Where the hashes were loaded from and are saved to. */
  #kept: { readonly folder: BoundedFolder; readonly name: string } | null = null;
  #saving: Promise<void> = Promise.resolve();

  /** @param other file system of roots that are not on disk; null when there is none */
  constructor(roots: readonly WorkspaceRoot[], log: Log, other: FileSystem | null = null) {
    this.#files = new FileSystems(other);
    this.#log = log;
    this.setRoots(roots);
  }

  /** Names the workspace, whatever the order of its roots. */
  get id(): string {
    return this.#roots
      .map((root) => root.uri)
      .sort()
      .join("\n");
  }

  /** True without any root. */
  get isEmpty(): boolean {
    return this.#roots.length === 0;
  }

  setRoots(roots: readonly WorkspaceRoot[]): void {
    this.#roots = roots.map(({ uri, name }) => ({ uri: normalise(uri), name }));
  }

  setOverlay(uri: string, text: string | null): void {
    if (text === null) this.#buffers.delete(normalise(uri));
    else this.#buffers.set(normalise(uri), text);
  }

  invalidate(uris: readonly string[]): void {
    for (const uri of uris) this.#hashes.invalidate(normalise(uri));
  }

  /** Text of a document as it is now, with its base name; null when it is in no root, no text, or cannot be read. */
  async textOf(uri: string): Promise<{ readonly name: string; readonly text: string } | null> {
    const key = normalise(uri);
    const root = this.#roots.find((candidate) => key.startsWith(candidate.uri.replace(/\/?$/, "/")));
    if (root === undefined) return null;
    const name = posix.basename(URI.parse(key).path);
    const buffer = this.#buffers.get(key);
    if (buffer !== undefined) return { name, text: buffer };
    const read = await readText(key, this.#files, MOST_BYTES_OF_ONE, root.uri).catch((error: unknown) => {
      if (fileErrorCode(error) === undefined) throw error;
      return null;
    });
    return read === null ? null : { name, text: read.text };
  }

  /** Looks whether the roots are there, before anything dear is done for them. @throws LongsightError LS-101 to LS-104, LS-107 */
  async requireFolders(): Promise<void> {
    if (this.#roots.length === 0) throw userErrors.nothingToRead("a window without a folder");
    for (const root of this.#roots) await requireFolder(root, this.#files);
  }

  /** Walks the roots; files that have not changed since the last walk are not read again. @throws LongsightError LS-1xx, LS-900 */
  async take(
    settings: EngineSettings,
    { signal, onProgress, count = false }: TakeOptions,
  ): Promise<{ readonly snapshot: Snapshot; readonly read: ReadText }> {
    if (this.#roots.length === 0) throw userErrors.nothingToRead("a window without a folder");
    await this.#load(settings.dataDir);
    const buffers = new Map(this.#buffers);
    let meter: { readonly total: number; readonly meter: ProgressMeter } | null = null;
    const snapshot = await takeSnapshot({
      roots: this.#roots,
      files: this.#files,
      exclude: settings.exclude,
      excludeIn: normaliseKeys(settings.excludeIn ?? {}),
      maxFileBytes: settings.maxFileBytes,
      buffers,
      hashes: this.#hashes,
      counts: this.#counts,
      countAnew: count,
      ...(signal !== undefined && { signal }),
      onProgress: (done, total) => {
        if (meter?.total !== total) meter = { total, meter: new ProgressMeter("walk", "files", total, onProgress) };
        meter.meter.update(done);
      },
    });
    if (this.#hashes.isWorthSaving) this.#save();
    return { snapshot, read: createReader(buffers, this.#files) };
  }

  /** Forgets what files held, in memory. */
  forget(): void {
    this.#hashes.clear();
    this.#counts.clear();
  }

  /** Writes what the next run can use. */
  async dispose(): Promise<void> {
    if (!this.#hashes.isSaved) this.#save();
    await this.#saving;
  }

  /** What an earlier run found in the files of this workspace. */
  async #load(dataDir: string): Promise<void> {
    const folder = hashesFolder(dataDir);
    const name = sha256(this.id).slice(0, 32);
    if (this.#kept?.name === name && this.#kept.folder.dir === folder.dir) return;
    this.#kept = { folder, name };
    await this.#hashes.load(folder, name);
  }

  /** In the background. Without it the next run reads the files again: nothing that a user must know. */
  #save(): void {
    const kept = this.#kept;
    if (kept === null) return;
    this.#saving = this.#saving
      .then(() => this.#hashes.save(kept.folder, kept.name))
      .catch((error: unknown) => this.#log.warn("What the files held is not kept for the next start", error));
  }
}

const normaliseKeys = <T>(byUri: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(byUri).map(([uri, value]) => [normalise(uri), value]));

/** Editors and Node write some characters of a URI differently; one spelling is compared. */
function normalise(uri: string): string {
  return URI.parse(uri).toString();
}
