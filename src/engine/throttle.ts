/**
 * Passes values on, at most one per interval: the latest of each interval, and at once what `matters`.
 * @param matters true when the value must not be held back, or replaced by a later one
 */
export function throttle<T>(
  send: (value: T) => void,
  intervalMs: number,
  matters: (before: T, after: T) => boolean,
): (value: T) => void {
  let last: { readonly value: T; readonly at: number } | null = null;
  let waiting: { readonly value: T; readonly timer: NodeJS.Timeout } | null = null;
  const pass = (value: T): void => {
    if (waiting !== null) clearTimeout(waiting.timer);
    waiting = null;
    last = { value, at: performance.now() };
    send(value);
  };
  return (value) => {
    const due = last === null ? 0 : last.at + intervalMs - performance.now();
    if (last === null || due <= 0 || matters(waiting?.value ?? last.value, value)) {
      pass(value);
      return;
    }
    if (waiting !== null) clearTimeout(waiting.timer);
    waiting = { value, timer: setTimeout(() => pass(value), due).unref() };
  };
}
