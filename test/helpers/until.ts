import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until `probe` gives a value.
 * @param what says what is waited for, as in "the map has changed"
 * @throws Error naming `what` and the last value when `ms` have passed
 */
export async function until<T>(what: string, probe: () => T | Promise<T>, ms = 30_000): Promise<NonNullable<T>> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`Waited ${ms / 1000} s until ${what}; last: ${JSON.stringify(value)}`);
    await sleep(100);
  }
}
