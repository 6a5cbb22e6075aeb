import * as vscode from "vscode";
import { DidChangeConfigurationNotification } from "vscode-languageclient/node";
import { toErrorValue, userErrors } from "../shared/errors";
import { Delta, Status, type EngineStatus, type RequestName } from "../shared/protocol";
import { codeLinks } from "./commands/codeLinks";
import type { Config } from "./config";
import { DisposableStore } from "./disposables";
import { EngineProcess } from "./engineProcess";
import { errorValueOf } from "./errors";
import { RestartPolicy } from "./restartPolicy";
import { answerFileRequests } from "./workspaceFiles";

/** A piece of an answer, as the engine sends it. */
export type AnswerDelta = NonNullable<(typeof Delta)["types"]>["params"];

/** One engine process and all that lives as long as it does. */
interface Run {
  readonly process: EngineProcess;
  readonly scope: DisposableStore;
  readonly started: Promise<void>;
}

const unknownStatus: EngineStatus = {
  state: "idle",
  model: null,
  backend: null,
  progress: null,
  context: null,
  error: null,
};

/** Life cycle of the engine: started at first use, started again after a crash, stopped with the extension. */
export class EngineClient implements vscode.Disposable {
  private readonly scope = new DisposableStore();
  private readonly statusChanged = this.scope.add(new vscode.EventEmitter<EngineStatus>());
  private readonly answered = this.scope.add(new vscode.EventEmitter<AnswerDelta>());
  private readonly policy = new RestartPolicy();
  private run: Run | undefined;
  private restartTimer: NodeJS.Timeout | undefined;
  private current = unknownStatus;
  private starts = 0;

  private readonly didStart = this.scope.add(new vscode.EventEmitter<void>());
  /** A new engine process is ready for requests. */
  readonly onDidStart = this.didStart.event;
  readonly onDidChangeStatus = this.statusChanged.event;
  readonly onDelta = this.answered.event;

  /** @param module path of the engine's ES module */
  constructor(
    private readonly module: string,
    private readonly config: Config,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.scope.add(config.onDidChange(() => void this.sendSettings()));
  }

  get status(): EngineStatus {
    return this.current;
  }

  /** Process id of the running engine. */
  get pid(): number | undefined {
    return this.run?.process.pid;
  }

  /** How many engine processes were started since activation. */
  get startCount(): number {
    return this.starts;
  }

  /**
   * Sends a request, starting the engine when it does not run.
   * @throws ResponseError of the engine, or LongsightError LS-407 when it cannot be started
   */
  async request<P, R>(name: RequestName<P, R>, params: P, token?: vscode.CancellationToken): Promise<R> {
    const process = await this.start();
    // A token that is undefined would be sent as a second positional parameter.
    return token === undefined
      ? process.sendRequest<R>(name.method, params)
      : process.sendRequest<R>(name.method, params, token);
  }

  /**
   * The running engine; started if need be.
   * @throws LongsightError LS-407, or LS-106 in an untrusted workspace
   */
  async start(): Promise<EngineProcess> {
    if (!vscode.workspace.isTrusted) throw userErrors.notTrusted();
    clearTimeout(this.restartTimer);
    const run = (this.run ??= this.launch());
    try {
      await run.started;
    } catch (error) {
      this.crashed(run, errorValueOf(error).message);
      throw userErrors.engineStopped(run.process.exitDetail);
    }
    return run.process;
  }

  /** Stops the engine, forgets earlier crashes and starts it again. */
  async restart(): Promise<void> {
    await this.stop();
    this.policy.reset();
    await this.start();
  }

  /** Stops the engine and waits until it is gone. */
  async stop(): Promise<void> {
    clearTimeout(this.restartTimer);
    const run = this.run;
    this.run = undefined;
    this.setStatus(unknownStatus);
    if (run === undefined) return;
    run.scope.dispose();
    try {
      await run.started;
      await run.process.stop();
    } catch (error) {
      this.log.warn(`The engine did not stop in order: ${errorValueOf(error).message}`);
      run.process.serverProcess?.kill("SIGKILL");
    }
  }

  dispose(): void {
    clearTimeout(this.restartTimer);
    this.run?.scope.dispose();
    this.scope.dispose();
  }

  private launch(): Run {
    this.starts++;
    const scope = new DisposableStore();
    const schemes = new Set(["file", ...folderSchemes()]);
    const watcher = scope.add(vscode.workspace.createFileSystemWatcher("**/*"));
    const process: EngineProcess = new EngineProcess(
      this.module,
      this.log,
      {
        // Open documents are sent to the engine, so it sees what is not saved yet.
        documentSelector: [...schemes].map((scheme) => ({ scheme })),
        synchronize: { fileEvents: watcher },
        initializationOptions: () => this.config.engine(),
        middleware: codeLinks,
      },
      () => this.crashed(run, process.exitDetail),
    );
    scope.add(answerFileRequests(process));
    scope.add(
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        if (folderSchemes().every((scheme) => schemes.has(scheme))) void this.sendSettings();
        else void this.restart();
      }),
    );
    scope.add(
      this.config.onDidChange((change) => {
        if (change.affectsConfiguration("longsight.codeLens")) process.refreshCodeLenses();
      }),
    );
    scope.add(process.onNotification(Status.method, (status: EngineStatus) => this.setStatus(status)));
    scope.add(process.onNotification(Delta.method, (delta: AnswerDelta) => this.answered.fire(delta)));
    this.log.info(`Starting the engine ${this.module}`);
    const started = process.start().then(() => this.didStart.fire());
    const run: Run = { process, scope, started };
    return run;
  }

  private crashed(run: Run, detail: string): void {
    if (this.run !== run) return;
    this.run = undefined;
    run.scope.dispose();
    const delay = this.policy.next(Date.now());
    this.log.error(
      `The engine stopped: ${detail} ${delay === null ? "It is not started again." : "Starting it again."}`,
    );
    if (delay === null) {
      this.setStatus({ ...unknownStatus, state: "failed", error: toErrorValue(userErrors.engineStopped(detail)) });
      return;
    }
    this.setStatus(unknownStatus);
    this.restartTimer = setTimeout(() => {
      this.start().catch((error: unknown) => this.log.error(errorValueOf(error).message));
    }, delay);
  }

  private async sendSettings(): Promise<void> {
    const run = this.run;
    if (run === undefined) return;
    try {
      await run.started;
      await run.process.sendNotification(DidChangeConfigurationNotification.type, { settings: this.config.engine() });
    } catch (error) {
      this.log.warn(`The engine was not told the new settings: ${errorValueOf(error).message}`);
    }
  }

  private setStatus(status: EngineStatus): void {
    this.current = status;
    this.statusChanged.fire(status);
  }
}

const folderSchemes = (): string[] => (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.scheme);
