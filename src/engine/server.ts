/**
 * The engine behind a connection: turns requests of shared/protocol.ts into calls of the pipeline, and errors into
 * responses. See docs/protocol.md.
 */
import { URI } from "vscode-uri";
import {
  type CancellationToken,
  type Connection,
  DidChangeConfigurationNotification,
  type InitializeError,
  type InitializeParams,
  type InitializeResult,
  LSPErrorCodes,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  TextDocuments,
  TextDocumentSyncKind,
  type WorkDoneProgressReporter,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { isCancelled, LongsightError, toErrorValue, userErrors } from "../shared/errors";
import {
  Ask,
  ClearCaches,
  CutConversation,
  DeleteConversation,
  DeleteModel,
  Delta,
  DownloadModel,
  type EngineStatus,
  ExportConversation,
  GetConversation,
  FindMentions,
  GetSymbols,
  ListConversations,
  ListModels,
  Pause,
  Plan,
  type Progress,
  Read,
  RenameConversation,
  type RequestName,
  Status,
  SuggestQuestions,
  USER_ERROR_CODE,
} from "../shared/protocol";
import { clientFiles } from "./clientRequests";
import { languageCapabilities, provideLanguageFeatures } from "./languageFeatures";
import type { Log } from "./log";
import { Pipeline } from "./pipeline";
import type { Operation } from "./progress";
import { answerTraceRequests } from "./traceRequests";
import { parseParams } from "./requestParams";
import { parseSettings } from "./settings";
import { throttle } from "./throttle";
import { longsightVersion } from "./version";
import { ClientFileSystem } from "./workspace/clientFiles";
import type { WorkspaceRoot } from "./workspace/types";

/** Least milliseconds between two status or progress messages. */
const INTERVAL_MS = 100;

/** One client, one pipeline. Made before the connection listens. */
export class Server {
  readonly #connection: Connection;
  readonly #log: Log;
  readonly #documents = new TextDocuments(TextDocument);
  #pipeline: Pipeline | null = null;
  #roots: readonly WorkspaceRoot[] = [];

  constructor(connection: Connection, log: Log) {
    this.#connection = connection;
    this.#log = log;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onInitialized(() => {
      this.#watchFolders();
      this.#pipeline?.startReading();
    });
    connection.onShutdown(() => this.dispose());
    this.#followDocuments();
    this.#followSettings();
    this.#answerRequests();
    provideLanguageFeatures(
      connection,
      async (uri) => (await this.#pipeline?.names.symbolsOf(uri)) ?? [],
      (uri) => this.#isInside(uri),
    );
  }

  /** Stops native work within one step and frees everything. */
  async dispose(): Promise<void> {
    const pipeline = this.#pipeline;
    this.#pipeline = null;
    await pipeline?.dispose();
  }

  #isInside(uri: string): boolean {
    const document = URI.parse(uri).toString();
    return this.#roots.some((root) => document.startsWith(`${URI.parse(root.uri).toString().replace(/\/$/, "")}/`));
  }

  #initialize(params: InitializeParams): InitializeResult | ResponseError<InitializeError> {
    try {
      const settings = parseSettings(params.initializationOptions);
      this.#roots = (params.workspaceFolders ?? []).map(({ uri, name }) => ({ uri, name }));
      const sendStatus = throttle(
        (status: EngineStatus) => this.#send(Status.method, status),
        INTERVAL_MS,
        stateChanged,
      );
      const files = new ClientFileSystem(clientFiles((method, params) => this.#connection.sendRequest(method, params)));
      this.#pipeline = new Pipeline({
        roots: this.#roots,
        settings,
        log: this.#log,
        files,
        onStatus: sendStatus,
        onNotice: ({ message, wayOut }) => this.#show(MessageType.Warning, `${message} ${wayOut}`),
      });
    } catch (error) {
      const { code, message, wayOut } = toErrorValue(error);
      return new ResponseError(USER_ERROR_CODE, `${message} ${wayOut} (${code})`, { retry: false });
    }
    return {
      serverInfo: { name: "longsight", version: longsightVersion() },
      capabilities: {
        ...languageCapabilities,
        textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
        workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
      },
    };
  }

  /** Open documents stand in for the files on disk: they may hold what is not saved yet. */
  #followDocuments(): void {
    this.#documents.onDidChangeContent(({ document }) => this.#pipeline?.setOverlay(document.uri, document.getText()));
    this.#documents.onDidClose(({ document }) => this.#pipeline?.setOverlay(document.uri, null));
    this.#documents.listen(this.#connection);
    this.#connection.onDidChangeWatchedFiles(({ changes }) => {
      this.#pipeline?.invalidate(changes.map((change) => change.uri));
    });
  }

  #followSettings(): void {
    this.#connection.onNotification(DidChangeConfigurationNotification.type, async ({ settings }) => {
      try {
        await this.#pipeline?.updateSettings(parseSettings(settings));
      } catch (error) {
        this.#log.error("the new settings are not used", error);
        this.#show(MessageType.Error, toErrorValue(error).message);
      }
    });
  }

  #watchFolders(): void {
    this.#connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      const gone = new Set(removed.map((folder) => URI.parse(folder.uri).toString()));
      const kept = this.#roots.filter((root) => !gone.has(URI.parse(root.uri).toString()));
      this.#roots = [...kept, ...added.map(({ uri, name }) => ({ uri, name }))];
      this.#pipeline?.setRoots(this.#roots);
    });
  }

  #answerRequests(): void {
    this.#on(Plan, (pipeline, _, operation) => pipeline.plan(operation));
    this.#on(Read, (pipeline, { rebuild }, operation) => pipeline.read({ ...operation, rebuild }));
    this.#on(Ask, (pipeline, params, operation) => {
      const onDelta = (text: string, tokens: number): void =>
        this.#send(Delta.method, { askId: params.askId, text, tokens });
      return pipeline.ask(params, { ...operation, onDelta });
    });
    this.#on(ListModels, (pipeline) => pipeline.models());
    this.#on(DownloadModel, (pipeline, { id }, operation) => pipeline.downloadModel(id, operation));
    this.#on(DeleteModel, (pipeline, { id }) => pipeline.deleteModel(id));
    answerTraceRequests((name, answer) => this.#on(name, answer));
    this.#on(Pause, (pipeline, { paused }) => {
      pipeline.pause(paused);
      return Promise.resolve({});
    });
    this.#on(GetSymbols, (pipeline, { uri }) => pipeline.names.symbolsOf(uri));
    this.#on(FindMentions, (pipeline, params, operation) => pipeline.names.findMentions(params, operation));
    this.#on(SuggestQuestions, (pipeline, _, operation) => pipeline.names.suggestQuestions(operation));
    this.#on(ClearCaches, (pipeline) => pipeline.clearCaches());
    this.#on(ListConversations, ({ conversations }, { query }) => conversations.list(query));
    this.#on(GetConversation, ({ conversations }, { id }) => conversations.get(id));
    this.#on(RenameConversation, ({ conversations }, { id, title }) => conversations.rename(id, title));
    this.#on(DeleteConversation, ({ conversations }, { id }) => conversations.delete(id));
    this.#on(CutConversation, ({ conversations }, { id, turns }) => conversations.cut(id, turns));
    this.#on(ExportConversation, ({ conversations }, { id }) => conversations.export(id));
  }

  /** Answers a request: parameters checked, cancellation as a signal, progress to the client's token. */
  #on<P, R>(
    name: RequestName<P, R>,
    answer: (pipeline: Pipeline, params: P, operation: Operation) => Promise<R>,
  ): void {
    this.#connection.onRequest(name.method, async (raw: unknown, token: CancellationToken) => {
      const abort = new AbortController();
      const cancelled = token.onCancellationRequested(() => abort.abort());
      const reporter = this.#reporter(raw, name.method);
      try {
        if (this.#pipeline === null) throw userErrors.engineStopped("it is shutting down.");
        const operation = { signal: abort.signal, onProgress: throttle(reporter.report, INTERVAL_MS, stageChanged) };
        return await answer(this.#pipeline, parseParams(name, raw), operation);
      } catch (error) {
        return this.#toResponse(error);
      } finally {
        cancelled.dispose();
        reporter.done();
      }
    });
  }

  #reporter(params: unknown, method: string): { report: (progress: Progress) => void; done: () => void } {
    const token = (params as { workDoneToken?: string | number } | null)?.workDoneToken;
    if (token === undefined) return { report: () => undefined, done: () => undefined };
    const reporter: WorkDoneProgressReporter = this.#connection.window.attachWorkDoneProgress(token);
    reporter.begin(method, 0, undefined, true);
    return {
      report: (progress) => {
        const percentage = progress.total === 0 ? 0 : Math.floor((100 * progress.done) / progress.total);
        reporter.report(percentage, `${progress.stage}: ${progress.done} of ${progress.total} ${progress.unit}`);
      },
      done: () => reporter.done(),
    };
  }

  /** Shows a message to the user: as a notification, for a request without an answer would end the engine. */
  #show(type: MessageType, message: string): void {
    this.#send(ShowMessageNotification.method, { type, message });
  }

  #send(method: string, params: unknown): void {
    this.#connection.sendNotification(method, params).catch((error: unknown) => {
      this.#log.debug(`${method} was not sent: ${String(error)}`);
    });
  }

  #toResponse(error: unknown): ResponseError<unknown> {
    if (isCancelled(error)) return new ResponseError(LSPErrorCodes.RequestCancelled, "Cancelled.", toErrorValue(error));
    if (!(error instanceof LongsightError)) this.#log.error("a request failed", error);
    const value = toErrorValue(error);
    return new ResponseError(USER_ERROR_CODE, value.message, value);
  }
}

const stateChanged = (before: EngineStatus, after: EngineStatus): boolean =>
  before.state !== after.state || before.error !== after.error || before.model !== after.model;

const stageChanged = (before: Progress, after: Progress): boolean =>
  before.stage !== after.stage || after.done === after.total;
