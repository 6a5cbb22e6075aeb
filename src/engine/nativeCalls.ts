/** Calls of our addon: what they throw gets its type, and none outlasts a lost RPC server. */
import { LongsightError } from "../shared/errors";
import { orLost, serverLost } from "./lostServer";
import { NativeError, type NativeErrorCode } from "./nativeTypes";

/** Errors of the addon carry a code, and for NO_MEMORY the bytes needed and free. */
export function toTypedError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if ((error as { code?: unknown }).code === "RPC_LOST") return serverLost(error.message);
  const { code, needed, free } = error as Error & { code?: NativeErrorCode; needed?: number; free?: number };
  if (code === undefined || error instanceof NativeError || error instanceof LongsightError) return error;
  return new NativeError(code, error.message, needed === undefined ? null : { needed, free: free ?? 0 });
}

export function guard<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw toTypedError(error);
  }
}

export async function settle<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await orLost(call());
  } catch (error) {
    throw toTypedError(error);
  }
}

/** Runs `call`, and `abort` as soon as the signal says so. */
export async function withAbort<T>(
  signal: AbortSignal | undefined,
  abort: () => void,
  call: () => Promise<T>,
): Promise<T> {
  const running = settle(call);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await running;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
