import { userErrors } from "../../shared/errors";

/**
 * Runs `work` on every item of a list that may grow while it runs, at most `limit` at a time. The first failure stops
 * the rest and is thrown.
 * @throws LongsightError LS-900 when aborted
 */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let running = 0;
  await new Promise<void>((resolve, reject) => {
    let failed = false;
    const fail = (error: unknown): void => {
      failed = true;
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const pump = (): void => {
      if (signal?.aborted === true && !failed) fail(userErrors.cancelled());
      if (failed) return;
      while (running < limit && next < items.length) {
        running++;
        void work(items[next++] as T).then(() => {
          running--;
          pump();
        }, fail);
      }
      if (running === 0) resolve();
    };
    pump();
  });
}
