import { readFile } from "node:fs/promises";
import path from "node:path";
import { URI } from "vscode-uri";
import { userErrors } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";
import { type Operation, ProgressMeter } from "./progress";
import { classifyBytes } from "./workspace/content";
import { HashCache } from "./workspace/hashCache";
import { requireFolder } from "./workspace/list";
import type { ReadText, Snapshot, WorkspaceRoot } from "./workspace/types";
import { createReader, takeSnapshot } from "./workspace/walk";

/** The files of the workspace now, with unsaved buffers in place of what is on disk. */
export class WorkspaceHost {
  #roots: readonly WorkspaceRoot[] = [];
  readonly #buffers = new Map<string, string>();
  readonly #hashes = new HashCache();

  constructor(roots: readonly WorkspaceRoot[]) {
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

  /** Text of a document as it is now, with its base name; null when it is in no root, or no text. */
  async textOf(uri: string): Promise<{ readonly name: string; readonly text: string } | null> {
    const key = normalise(uri);
    if (!this.#roots.some((root) => key.startsWith(root.uri.replace(/\/?$/, "/")))) return null;
    const { scheme, fsPath } = URI.parse(key);
    const text = this.#buffers.get(key) ?? (scheme === "file" ? await textOnDisk(fsPath) : null);
    return text === null ? null : { name: path.basename(fsPath), text };
  }

  /** Looks whether the roots are there, before anything dear is done for them. @throws LongsightError LS-101 to LS-104 */
  async requireFolders(): Promise<void> {
    if (this.#roots.length === 0) throw userErrors.nothingToRead("a window without a folder");
    for (const root of this.#roots) await requireFolder(root);
  }

  /** Walks the roots; files that have not changed since the last walk are not read again. @throws LongsightError LS-1xx, LS-900 */
  async take(
    settings: EngineSettings,
    { signal, onProgress }: Operation,
  ): Promise<{ readonly snapshot: Snapshot; readonly read: ReadText }> {
    if (this.#roots.length === 0) throw userErrors.nothingToRead("a window without a folder");
    const buffers = new Map(this.#buffers);
    let meter: { readonly total: number; readonly meter: ProgressMeter } | null = null;
    const snapshot = await takeSnapshot({
      roots: this.#roots,
      exclude: settings.exclude,
      maxFileBytes: settings.maxFileBytes,
      buffers,
      hashes: this.#hashes,
      ...(signal !== undefined && { signal }),
      onProgress: (done, total) => {
        if (meter?.total !== total) meter = { total, meter: new ProgressMeter("walk", "files", total, onProgress) };
        meter.meter.update(done);
      },
    });
    return { snapshot, read: createReader(buffers) };
  }
}

/** Text of a file on disk; null when it is none, or not text. */
async function textOnDisk(fsPath: string): Promise<string | null> {
  const data = await readFile(fsPath).catch(() => null);
  return data === null ? null : classifyBytes(path.basename(fsPath), data).text;
}

/** Editors and Node write some characters of a URI differently; one spelling is compared. */
function normalise(uri: string): string {
  return URI.parse(uri).toString();
}
