import { workspace, type LogOutputChannel } from "vscode";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import {
  CloseAction,
  CodeLensRequest,
  ErrorAction,
  LanguageClient,
  TransportKind,
  type LanguageClientOptions,
  type MessageTransports,
} from "vscode-languageclient/node";

/** One engine process with its connection. It lives once: after a crash a new one is made. */
export class EngineProcess extends LanguageClient {
  private exit: string | null = null;

  /**
   * @param module path of the engine's ES module, run by the Node of the extension host
   * @param crashed called when the connection closes without `stop`
   */
  constructor(
    module: string,
    private readonly log: LogOutputChannel,
    options: LanguageClientOptions,
    crashed: () => void,
  ) {
    const lines = (write: (line: string) => void) => (input: Readable) => {
      createInterface({ input, crlfDelay: Infinity }).on("line", write);
    };
    super(
      "longsight",
      "Longsight",
      { module, transport: TransportKind.ipc },
      {
        ...options,
        outputChannel: log,
        initializationFailedHandler: () => false,
        stdioOptions: { stdout: lines((line) => log.info(line)), stderr: lines((line) => log.warn(line)) },
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => {
            crashed();
            return { action: CloseAction.DoNotRestart, handled: true };
          },
        },
      },
    );
  }

  /** How the process ended, for messages. */
  get exitDetail(): string {
    return this.exit ?? "the connection was lost.";
  }

  /** Process id while it runs. */
  get pid(): number | undefined {
    return this.exit === null ? this.serverProcess?.pid : undefined;
  }

  /** Lets open editors ask for code lenses again. */
  refreshCodeLenses(): void {
    const feature = this.getFeature(CodeLensRequest.method);
    for (const document of workspace.textDocuments) feature.getProvider(document)?.onDidChangeCodeLensEmitter.fire();
  }

  /** Goes to the log only: what the user must know is in the status, once. */
  override error(message: string, data?: unknown): void {
    this.log.error(data instanceof Error ? `${message} ${data.message}` : message);
  }

  protected override async createMessageTransports(encoding: string): Promise<MessageTransports> {
    const transports = await super.createMessageTransports(encoding);
    this.serverProcess?.once("exit", (code, signal) => {
      this.exit = signal === null ? `it exited with code ${code ?? "unknown"}.` : `it was ended by ${signal}.`;
    });
    return transports;
  }
}
