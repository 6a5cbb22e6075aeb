/** RPC servers before llama.cpp meets them: ggml's client ends the process over what is said here in a sentence. */
import { connect } from "node:net";
import { userErrors } from "../../shared/errors";
import { splitServer } from "../../shared/rpcServer";

/** Of ggml's RPC protocol in the pinned llama.cpp: a server of another one answers differently. */
const PROTOCOL_MAJOR = 7;
const HELLO = 14;
const CAPABILITIES_BYTES = 24;
const ANSWER_BYTES = 8 + 4 + CAPABILITIES_BYTES;
const PATIENCE_MS = 5000;

/**
 * Greets a server and hangs up.
 * @throws LongsightError LS-204 when none answers there, or not as this build needs
 */
export async function checkRpcServer(server: string, patienceMs = PATIENCE_MS): Promise<void> {
  const place = splitServer(server);
  if (place === null) throw userErrors.rpcUnusable(server, "it is not 'host:port'.");
  const version = await greet(place, patienceMs).catch((error: unknown) => {
    throw userErrors.rpcUnusable(server, error instanceof Error ? `${error.message}.` : String(error), error);
  });
  if (version !== PROTOCOL_MAJOR) {
    throw userErrors.rpcUnusable(server, `it speaks version ${version} of the protocol, this build ${PROTOCOL_MAJOR}.`);
  }
}

/** Major version of the protocol that a server speaks. */
function greet(place: { readonly host: string; readonly port: number }, patienceMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...place, family: 4 });
    let answer = Buffer.alloc(0);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => {
      const silent = "it is silent; it serves one program at a time, and may be another kind of server";
      end(() => reject(new Error(silent)));
    }, patienceMs);
    socket.once("connect", () => {
      const size = Buffer.alloc(8);
      size.writeBigUInt64LE(BigInt(CAPABILITIES_BYTES));
      socket.write(Buffer.concat([Buffer.of(HELLO), size, Buffer.alloc(CAPABILITIES_BYTES)]));
    });
    socket.on("data", (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (answer.length < ANSWER_BYTES) return;
      const fits = answer.length === ANSWER_BYTES && Number(answer.readBigUInt64LE()) === ANSWER_BYTES - 8;
      const major = answer.readUInt8(8);
      end(() => (fits ? resolve(major) : reject(new Error("it is no RPC server of ggml"))));
    });
    socket.once("error", (error) => end(() => reject(error)));
    socket.once("close", () => end(() => reject(new Error("it hung up"))));
  });
}
