import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { userErrors } from "../../shared/errors";
import { BoundedFolder, writeBeside } from "../disk";
import {
  DamagedTraceError,
  decodeHeader,
  decodeTrace,
  encodeTrace,
  headerEnd,
  headerPrefixBytes,
  type TraceHeader,
} from "./codec";
import type { Trace } from "./types";

const SUFFIX = ".trace";
const ID = /^[A-Za-z0-9-]{1,64}$/;

/** Traces on disk: `<dir>/<id>.trace`, compressed, checksummed, bounded in size; the oldest go first. */
export class TraceStore {
  readonly #folder: BoundedFolder;

  /** @param maxBytes bound of the folder; the newest trace always stays */
  constructor(dir: string, maxBytes = 512 * 2 ** 20) {
    this.#folder = new BoundedFolder(dir, SUFFIX, maxBytes);
  }

  /** Writes beside and renames, then removes the oldest traces beyond the bound. @throws LongsightError LS-501 */
  async write(trace: Trace): Promise<void> {
    if (!ID.test(trace.id)) throw userErrors.badArgument("trace", `'${trace.id}' is no trace id.`);
    const file = this.#folder.file(trace.id);
    await writeBeside(file, await encodeTrace(trace));
    await this.#folder.trim(file);
  }

  /** Reads and checks a trace. @throws LongsightError LS-404 when there is no such trace, or its file is damaged */
  async read(id: string): Promise<Trace> {
    if (!ID.test(id)) throw userErrors.traceMissing(id);
    try {
      return await decodeTrace(await readFile(this.#folder.file(id)));
    } catch (error) {
      if (isMissing(error) || error instanceof DamagedTraceError) throw userErrors.traceMissing(id);
      throw error;
    }
  }

  /** Id of the newest trace of a workspace, null when there is none. Damaged files are passed over. */
  async latest(workspace: string): Promise<string | null> {
    const ids = (await this.#folder.list())
      .map((entry) => path.basename(entry.path, SUFFIX))
      .sort()
      .reverse();
    for (const id of ids) {
      const header = await this.#header(id);
      if (header?.workspace === workspace) return id;
    }
    return null;
  }

  /** Removes a trace; one that is not there is gone already. */
  async remove(id: string): Promise<void> {
    if (ID.test(id)) await this.#folder.remove(this.#folder.file(id));
  }

  /** Removes all traces; returns the bytes freed. */
  clear(): Promise<number> {
    return this.#folder.clear();
  }

  /** The header alone; null when the file is gone or damaged. */
  async #header(id: string): Promise<TraceHeader | null> {
    try {
      const handle = await open(this.#folder.file(id));
      try {
        const prefix = Buffer.alloc(headerPrefixBytes);
        await handle.read(prefix, 0, prefix.length, 0);
        const data = Buffer.alloc(headerEnd(prefix));
        await handle.read(data, 0, data.length, 0);
        return decodeHeader(data);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isMissing(error) || error instanceof DamagedTraceError) return null;
      throw error;
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "ENOENT";
}
