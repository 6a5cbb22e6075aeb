import type { Trace } from "./types";

/** Traces on disk: `<dir>/<id>.trace`, compressed, checksummed, bounded in size; the oldest go first. */
export class TraceStore {
  constructor(_dir: string, _maxBytes = 512 * 2 ** 20) {}

  /** Writes beside and renames, then removes the oldest traces beyond the bound. @throws LongsightError LS-501 */
  write(_trace: Trace): Promise<void> {
    return Promise.reject(new Error("not built yet"));
  }

  /** @throws LongsightError LS-404 when there is no such trace, or the file is damaged */
  read(_id: string): Promise<Trace> {
    return Promise.reject(new Error("not built yet"));
  }

  /** Id of the newest trace of a workspace. @throws LongsightError LS-405 when there is none */
  latest(_workspace: string): Promise<string> {
    return Promise.reject(new Error("not built yet"));
  }

  /** Removes all traces; returns the bytes freed. */
  clear(): Promise<number> {
    return Promise.reject(new Error("not built yet"));
  }
}
