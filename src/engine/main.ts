/** The engine as a process of its own: speaks LSP over stdio (`--stdio`) or Node's IPC (`--node-ipc`). */
import { createConnection, type WatchDog } from "vscode-languageserver";
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type Logger,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { createStderrLog, type Log } from "./log";
import { Server } from "./server";

/** Milliseconds between two looks at whether the parent process is alive. */
const PARENT_CHECK_MS = 2000;
/** Milliseconds after which an exit no longer waits for native work to stop. */
const EXIT_PATIENCE_MS = 5000;

function main(): void {
  const log = createStderrLog(process.env["LONGSIGHT_LOG"] === "debug" ? "debug" : "info");
  const watchDog = new ProcessWatchDog(log);
  const connection = createConnection((logger) => openProtocol(logger, () => watchDog.leave(1)), watchDog);
  const server = new Server(connection, log);
  watchDog.beforeExit = () => server.dispose();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => watchDog.leave(0));
  process.on("uncaughtException", (error) => {
    log.error("unexpected failure", error);
    watchDog.leave(1);
  });
  connection.listen();
}

function openProtocol(logger: Logger, onEnd: () => void): ProtocolConnection {
  if (process.argv.includes("--node-ipc")) {
    process.on("disconnect", onEnd);
    return createProtocolConnection(new IPCMessageReader(process), new IPCMessageWriter(process), logger);
  }
  process.stdin.on("end", onEnd);
  process.stdin.on("close", onEnd);
  const protocol = new StreamMessageWriter(process.stdout);
  return createProtocolConnection(new StreamMessageReader(process.stdin), protocol, logger);
}

/** Ends the process with its client: at `exit`, when the connection closes, and when the client's process is gone. */
class ProcessWatchDog implements WatchDog {
  shutdownReceived = false;
  /** Stops work and frees memory. */
  beforeExit: () => Promise<void> = () => Promise.resolve();
  readonly #log: Log;
  #leaving = false;

  constructor(log: Log) {
    this.#log = log;
  }

  initialize({ processId }: { readonly processId: number | null }): void {
    if (processId === null) return;
    setInterval(() => {
      if (!isAlive(processId)) this.leave(1);
    }, PARENT_CHECK_MS).unref();
  }

  exit(code: number): void {
    this.leave(code);
  }

  /** @param code exit code unless the client asked for the shutdown: then it is 0 */
  leave(code: number): void {
    if (this.#leaving) return;
    this.#leaving = true;
    const end = (): never => process.exit(this.shutdownReceived ? 0 : code);
    setTimeout(end, EXIT_PATIENCE_MS);
    this.beforeExit().then(end, (error: unknown) => {
      this.#log.error("not everything could be freed", error);
      end();
    });
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

main();
