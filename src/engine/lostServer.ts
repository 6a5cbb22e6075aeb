/** A lost RPC server: ggml cannot go on without it, so that all native calls fail and the process ends. */
import { type LongsightError, userErrors } from "../shared/errors";

/** Why nothing that runs will ever end: an RPC server went away, and ggml cannot go on. */
let lost: LongsightError | null = null;
const whenLost = new Set<(error: LongsightError) => void>();

/** Set once a server is lost: the process must not wait for its threads when it ends. */
export function loss(): LongsightError | null {
  return lost;
}

/** Time to tell everyone, before the process ends. */
const FAREWELL_MS = 2000;

/** Fails everything that waits, and ends the process a little later. */
export function lose(error: LongsightError): void {
  lost = error;
  for (const reject of whenLost) reject(error);
  setTimeout(() => process.exit(1), FAREWELL_MS);
}

/** The error for what ggml says about a lost server. */
export function serverLost(message: string): LongsightError {
  return userErrors.rpcLost(/[\w.-]+:\d+(?=\s|$)/.exec(message.replace(/^\S*ggml-rpc\S*\s/, ""))?.[0] ?? "in use");
}

/** Waits for a native call, or for the loss of a server, after which native calls never end. */
export async function orLost<T>(running: Promise<T>): Promise<T> {
  if (lost !== null) throw lost;
  let reject: (error: LongsightError) => void = () => undefined;
  const whenGone = new Promise<never>((_, fail) => (reject = fail));
  whenLost.add(reject);
  try {
    return await Promise.race([running, whenGone]);
  } finally {
    whenLost.delete(reject);
  }
}
