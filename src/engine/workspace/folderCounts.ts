import type { FileSystem } from "./fileSystem";

/** Milliseconds for which a count may be used again. */
const FRESH_MS = 60_000;

/** How many files are in folders that are left out as a whole. Counted by name, nothing is opened. */
export class FolderCounts {
  readonly #known = new Map<string, { readonly files: number; readonly countedMs: number }>();

  /** Files and links below a folder; folders that cannot be listed count as empty. @param anew count even what is fresh */
  async count(files: FileSystem, place: string, anew: boolean, signal?: AbortSignal): Promise<number> {
    const known = this.#known.get(place);
    if (!anew && known !== undefined && Date.now() - known.countedMs < FRESH_MS) return known.files;
    const count = await countFiles(files, place, signal);
    this.#known.set(place, { files: count, countedMs: Date.now() });
    return count;
  }

  clear(): void {
    this.#known.clear();
  }
}

async function countFiles(files: FileSystem, top: string, signal: AbortSignal | undefined): Promise<number> {
  let count = 0;
  const folders = [top];
  for (let folder = folders.pop(); folder !== undefined && signal?.aborted !== true; folder = folders.pop()) {
    const entries = await files.list(folder).catch(() => []);
    for (const entry of entries) {
      if (entry.kind === "folder") folders.push(files.join(folder, entry.name));
      else count++;
    }
  }
  return count;
}
