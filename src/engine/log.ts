/** The engine's log: lines of text for a person, on standard error or wherever the client shows them. */

export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  /** Something went wrong that Longsight mends by itself. */
  warn(message: string, error?: unknown): void;
  error(message: string, error?: unknown): void;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A log whose lines from `least` upwards go to `write`, each with its time and level. */
export function createLog(write: (line: string) => void, least: LogLevel = "info"): Log {
  const put = (level: LogLevel, message: string, error?: unknown): void => {
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    const detail = error === undefined ? "" : `: ${describeError(error)}`;
    write(`${new Date().toISOString()} ${level.padEnd(5)} ${message}${detail}`);
  };
  return {
    debug: (message) => put("debug", message),
    info: (message) => put("info", message),
    warn: (message, error) => put("warn", message, error),
    error: (message, error) => put("error", message, error),
  };
}

/** Writes to standard error: standard output belongs to the protocol and to results. */
export function createStderrLog(least: LogLevel = "info"): Log {
  return createLog((line) => process.stderr.write(`${line}\n`), least);
}

/** Message, stack and causes of anything that was thrown. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
