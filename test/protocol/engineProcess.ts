/** A real engine process with a client's end of its connection. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  type InitializeResult,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { defaultSettings } from "../../src/shared/defaults";
import type { ErrorValue } from "../../src/shared/errors";
import { Delta, type EngineSettings, type EngineStatus, type RequestName, Status } from "../../src/shared/protocol";

const root = path.join(import.meta.dirname, "../..");

export interface EngineOptions {
  readonly folder: string;
  readonly dataDir: string;
  readonly settings?: Partial<EngineSettings>;
  /** Default: the folder. */
  readonly workspaceFolders?: readonly { readonly uri: string; readonly name: string }[];
  /** Process that the engine believes to be its parent. */
  readonly processId?: number;
}

/** Starts `src/engine/main.ts` on stdio. End it with `stop`. */
export class EngineProcess {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly statuses: EngineStatus[] = [];
  readonly deltas: { readonly askId: string; readonly text: string; readonly tokens: number }[] = [];
  readonly exited: Promise<number | null>;
  readonly #options: EngineOptions;
  log = "";

  constructor(options: EngineOptions) {
    this.#options = options;
    const script = path.join(root, "src/engine/main.ts");
    this.child = spawn(process.execPath, ["--import", "tsx", script, "--stdio"], { cwd: root, stdio: "pipe" });
    this.exited = once(this.child, "exit").then(([code]) => code as number | null);
    const { stdin, stdout, stderr } = this.child;
    if (stdin === null || stdout === null) throw new Error("the engine has no pipes");
    stderr?.on("data", (data: Buffer) => (this.log += data.toString()));
    // A killed engine closes its end first.
    stdin.on("error", () => undefined);
    this.connection = createProtocolConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.connection.onNotification(Status.method, (status: EngineStatus) => void this.statuses.push(status));
    this.connection.onNotification(
      Delta.method,
      (delta: EngineProcess["deltas"][number]) => void this.deltas.push(delta),
    );
    this.connection.listen();
  }

  get settings(): EngineSettings {
    return { ...defaultSettings, dataDir: this.#options.dataDir, temperature: 0, ...this.#options.settings };
  }

  async initialize(initializationOptions: unknown = this.settings): Promise<InitializeResult> {
    const { folder, processId = process.pid } = this.#options;
    const own = [{ uri: pathToFileURL(folder).href, name: path.basename(folder) }];
    const result = await this.connection.sendRequest<InitializeResult>("initialize", {
      processId,
      capabilities: { workspace: { workspaceFolders: true } },
      workspaceFolders: this.#options.workspaceFolders ?? own,
      rootUri: null,
      initializationOptions,
    });
    await this.connection.sendNotification("initialized", {});
    return result;
  }

  request<P, R>(name: RequestName<P, R>, params: P): Promise<R> {
    return this.connection.sendRequest<R>(name.method, params);
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  /** Asks the engine to end. @returns its exit code */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      await this.connection.sendRequest("shutdown");
      await this.connection.sendNotification("exit");
    }
    return this.exited;
  }

  /** Ends the engine whatever it does. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
    this.connection.dispose();
  }
}

/** The user error in a failed response. */
export function errorValueOf(error: unknown): ErrorValue {
  const { data } = error as { data?: ErrorValue };
  if (data === undefined) throw error;
  return data;
}
