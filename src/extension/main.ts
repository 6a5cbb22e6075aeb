import * as vscode from "vscode";
import { Plan } from "../shared/protocol";
import type { LongsightApi } from "./api";
import { AskController } from "./ask/askController";
import { History } from "./ask/history";
import { KeptConversations } from "./ask/keptConversations";
import { ModelList } from "./ask/models";
import { registerAskTool } from "./chat/askTool";
import { chatHandler, registerParticipant } from "./chat/participant";
import { registerCommands, runViewCommand, type CommandContext } from "./commands";
import { ModelChooser } from "./commands/chooseModel";
import { followPaused } from "./commands/pauseReading";
import { notifyFailure } from "./commands/notify";
import { WorkspaceReader } from "./commands/readWorkspace";
import { Config } from "./config";
import { EditorAttention } from "./decorations/editorAttention";
import { EngineClient } from "./engineClient";
import { errorValueOf } from "./errors";
import { StatusBar } from "./status/statusBar";
import { AskViewProvider } from "./views/askView";
import { HeatmapPanel } from "./views/heatmapPanel";
import { PlanPanel } from "./views/planPanel";

let engine: EngineClient | undefined;

/** Wires the parts together; the engine itself starts at first use. */
export function activate(extension: vscode.ExtensionContext): LongsightApi {
  const own = <T extends vscode.Disposable>(item: T): T => {
    extension.subscriptions.push(item);
    return item;
  };
  const { extensionUri } = extension;
  const log = own(vscode.window.createOutputChannel("Longsight", { log: true }));
  const config = own(new Config(extension.globalStorageUri));
  // A local build of the engine, for its development.
  const module = process.env["LONGSIGHT_ENGINE"] ?? vscode.Uri.joinPath(extensionUri, "dist", "engine.mjs").fsPath;
  const client = own(new EngineClient(module, config, log));
  engine = client;
  const controller = own(new AskController(client, new KeptConversations(client, extension.workspaceState), log));
  const models = own(new ModelList(client));
  const chooser = new ModelChooser(client, config, models);
  const reader = own(new WorkspaceReader(client));
  const statusBar = own(new StatusBar(client));
  const heatmap = own(new HeatmapPanel(extensionUri, extension.workspaceState, client, log));
  const plan = own(new PlanPanel(extensionUri, client, config, log));
  const shownAnswer = { trace: () => controller.conversation.lastTrace, onDidChange: controller.onDidChange };
  const attention = own(new EditorAttention(client, shownAnswer, extension.workspaceState, log));
  const reported = (work: Promise<unknown>): Promise<void> =>
    work.then(
      () => undefined,
      (error: unknown) => notifyFailure(error, log),
    );

  const askView = own(
    new AskViewProvider({
      extensionUri,
      log,
      engine: client,
      controller,
      history: new History(client, controller),
      models,
      runCommand: (command) => reported(runViewCommand(command, commandContext)),
      downloadModel: (id) => reported(chooser.download(id)),
      showAttention: (trace) => reported(heatmap.show(trace)),
      shown: () => void prepare(),
    }),
  );
  const commandContext: CommandContext = {
    log,
    config,
    engine: client,
    controller,
    chooser,
    reader,
    askView,
    heatmap,
    plan,
    attention,
  };
  own(registerCommands(commandContext));
  own(followPaused(client));
  own(registerParticipant(client, extensionUri));
  own(registerAskTool(client));

  /** Looks at the workspace once for each engine and settings, so that the view says what an answer would be based on. */
  let plannedFor = 0;
  async function prepare(): Promise<void> {
    if (!readable()) return;
    try {
      void controller.restore();
      await client.start();
      if (plannedFor === client.startCount) return;
      plannedFor = client.startCount;
      await Promise.all([models.refresh(), client.request(Plan, {}), askView.suggest()]);
    } catch (error) {
      log.warn(`The workspace could not be planned: ${errorValueOf(error).message}`);
    }
  }
  own(client.onDidStart(() => askView.visible && void prepare()));
  own(
    config.onDidChange(() => {
      plannedFor = 0;
      if (askView.visible) void prepare();
    }),
  );

  /** The engine knows when to read without being asked to; it only has to be there. */
  function startForReading(): void {
    if (!readable() || config.get("longsight.reading.inBackground") === "never") return;
    // Nobody asked for it: what fails is in the log, and shown by the view and the status bar.
    client.start().catch((error: unknown) => log.warn(errorValueOf(error).message));
  }
  startForReading();
  own(vscode.workspace.onDidGrantWorkspaceTrust(startForReading));

  return {
    engine: {
      get pid() {
        return client.pid;
      },
      get startCount() {
        return client.startCount;
      },
      get status() {
        return client.status;
      },
      start: async () => {
        await client.start();
      },
    },
    get statusBar() {
      return statusBar.presentation;
    },
    get turns() {
      return controller.conversation.turns;
    },
    get draft() {
      return askView.currentDraft;
    },
    get heatmap() {
      return heatmap.state;
    },
    chat: chatHandler(client),
    paintedLines: (editor) => attention.painted(editor),
    plan: () => client.request(Plan, {}),
    read: () => reader.read(),
    ask: (question) => controller.ask(question, null),
  };
}

/** The window waits for this: the engine is gone when it closes. */
export function deactivate(): Promise<void> | undefined {
  return engine?.stop();
}

const readable = (): boolean => vscode.workspace.isTrusted && vscode.workspace.workspaceFolders !== undefined;
