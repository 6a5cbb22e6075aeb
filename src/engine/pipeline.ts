import path from "node:path";
import type { LongsightError } from "../shared/errors";
import type {
  AnswerResult,
  AskParams,
  EngineSettings,
  EngineState,
  EngineStatus,
  ModelEntry,
  PlanResult,
  ReadResult,
} from "../shared/protocol";
import type { StandaloneTrace } from "../shared/trace";
import { type AskOptions, askSession } from "./asking";
import { ConversationHost, type EarlierTurns } from "./conversationHost";
import { ContextHost } from "./contextHost";
import { BoundedFolder } from "./disk";
import type { Log } from "./log";
import { projectionsFolder } from "./model/calibration";
import { deleteModel, downloadModel } from "./model/download";
import { resolveModel } from "./model/files";
import { listModels, thisMachine } from "./model/recommend";
import { ModelHost } from "./modelHost";
import { type Operation, unlessAborted } from "./progress";
import { Readings } from "./readings";
import { marksFolder } from "./readMarks";
import { type CalibrateResult, toPlannedStatus, toPlanResult } from "./results";
import { nullWithoutModel, nullWithoutUsableModel, Runner } from "./runner";
import { RunningPlan } from "./runningPlan";
import { segmentsFolder } from "./session/segmentStore";
import { SessionHost } from "./sessionHost";
import { compareSettings } from "./settings";
import { SymbolsHost } from "./symbolsHost";
import type { TraceIndex } from "./trace/query";
import { standaloneTrace } from "./trace/standalone";
import type { TraceView } from "./trace/view";
import { TraceHost } from "./traceHost";
import { WorkspaceHost } from "./workspaceHost";
import type { FileSystem } from "./workspace/fileSystem";
import { hashesFolder } from "./workspace/hashCache";
import type { WorkspaceRoot } from "./workspace/types";

export type { Operation } from "./progress";
export type { CalibrateResult } from "./results";

export interface PipelineOptions {
  readonly roots: readonly WorkspaceRoot[];
  readonly settings: EngineSettings;
  readonly log: Log;
  /** File system of roots that are not on disk. */
  readonly files?: FileSystem;
  /** Called at each change of the status; the value is complete. */
  readonly onStatus?: (status: EngineStatus) => void;
  /** Told once of what the user should know though the work goes on. */
  readonly onNotice?: (error: LongsightError) => void;
}

export interface ReadOptions extends Operation {
  /** Ignore the stored snapshot and read everything anew. */
  readonly rebuild?: boolean;
}

/**
 * Composes the stages: files → snapshot → packed context → tokens → KV cache → answer with citations and trace. Calls
 * that need the model wait for each other, in the order they were made.
 */
export class Pipeline {
  /** Answers that need neither the model nor their turn. */
  readonly names: SymbolsHost;
  readonly #runner: Runner;
  readonly #workspace: WorkspaceHost;
  readonly #model: ModelHost;
  readonly #context: ContextHost;
  readonly #session: SessionHost;
  readonly #readings: Readings;
  readonly #traces: TraceHost;
  /** Questions and answers that are kept. */
  readonly conversations: ConversationHost;
  readonly #runningPlan = new RunningPlan();
  #settings: EngineSettings;
  /** True when the last look found no model on this machine. */
  #modelMissing = false;

  constructor({ roots, settings, log, files, onStatus, onNotice }: PipelineOptions) {
    this.#settings = settings;
    this.#runner = new Runner(log, onStatus, () => this.#restState());
    this.#workspace = new WorkspaceHost(roots, log, files);
    this.#model = new ModelHost(log);
    this.names = new SymbolsHost(this.#workspace, log, () => this.#settings);
    this.#context = new ContextHost(this.#workspace, this.names.symbols, log);
    this.#session = new SessionHost(log, onNotice);
    this.#readings = new Readings({
      runner: this.#runner,
      workspace: this.#workspace,
      model: this.#model,
      context: this.#context,
      session: this.#session,
      runningPlan: this.#runningPlan,
      settings: () => this.#settings,
      log,
    });
    this.#traces = new TraceHost(() => path.join(this.#settings.dataDir, "traces"), this.names.inText);
    this.conversations = new ConversationHost(() => this.#settings.dataDir, this.#workspace, this.#traces, log);
  }

  /**
   * What goes into the context and what does not; estimated while no model is on this machine. While a read or an answer
   * goes on, it is the plan of that.
   * @throws LongsightError LS-1xx, LS-401
   */
  async plan(options: Operation = {}): Promise<PlanResult> {
    const made = this.#runningPlan.made;
    const running = made === null ? null : await unlessAborted(made, options.signal);
    return running ?? this.#plan(options);
  }

  #plan(options: Operation): Promise<PlanResult> {
    return this.#runner.run("planning", options, async (operation) => {
      await this.#workspace.requireFolders();
      const active = await this.#model.ensure(this.#settings, operation).catch(nullWithoutModel);
      this.#modelMissing = active === null;
      this.#runner.status.update({ model: active?.file.id ?? null, backend: active?.runtime.backend ?? null });
      const { plan, budget } = await this.#context.plan(this.#settings, active, this.#session.held, operation);
      const result = toPlanResult(plan, budget, active?.frame.before.length ?? 0, active?.file.id ?? null);
      if (this.#session.session === null) this.#runner.status.update({ context: toPlannedStatus(plan, result) });
      return result;
    });
  }

  /** Walks, plans, packs, restores or prefills, saves. A question interrupts it, and it goes on afterwards. @throws LongsightError */
  read(options: ReadOptions = {}): Promise<ReadResult> {
    return this.#readings.all(options);
  }

  /**
   * Answers a question; reads first when needed. A reading that goes on is interrupted, and the answer sees what it has read.
   * Kept in a conversation unless `keep` is false. @throws LongsightError
   */
  ask(params: AskParams, options: AskOptions = {}): Promise<AnswerResult> {
    return this.conversations.keep(params, (earlier) => {
      const answer = (operation: Operation): Promise<AnswerResult> =>
        this.#runningPlan.during(() => this.#answer(params, earlier, { ...options, ...operation }));
      return this.#runner.run("answering", options, answer, "question");
    });
  }

  async #answer(
    params: AskParams,
    earlier: EarlierTurns,
    { signal, onProgress, onDelta }: AskOptions,
  ): Promise<AnswerResult> {
    const began = performance.now();
    const reading = await this.#readings.forQuestion(params, { signal, onProgress });
    const { active, context, planned, session } = reading;
    this.#runner.status.enter("answering");
    let firstToken = NaN;
    const asked = await askSession({
      params,
      settings: this.#settings,
      active,
      context,
      session,
      workspace: this.#workspace.id,
      textOf: (uri) => this.#workspace.textOf(uri),
      earlier: await earlier(),
      signal,
      onDelta: (text, tokens) => {
        if (Number.isNaN(firstToken)) firstToken = (performance.now() - began) / 1000;
        onDelta?.(text, tokens);
      },
    });
    await this.#traces.store(asked.trace);
    const { files, tokens } = planned.packed;
    return {
      ...asked.answer,
      context: { ...asked.answer.context, plannedFiles: files.length, plannedTokens: tokens.length },
      timings: {
        load: reading.load,
        prefill: reading.bring + asked.prefill,
        firstToken: Number.isNaN(firstToken) ? (performance.now() - began) / 1000 : firstToken,
        decode: asked.decode,
        prefilledTokens: reading.prefilled + asked.questionTokens,
        reusedTokens: reading.reused,
        generatedTokens: asked.generatedTokens,
      },
    };
  }

  /** A stored trace, for queries. @throws LongsightError LS-404 */
  traceIndex(id: string): Promise<TraceIndex> {
    return this.#traces.index(id);
  }

  /** A stored trace, for maps and tables of it. @throws LongsightError LS-404 */
  traceView(id: string): Promise<TraceView> {
    return this.#traces.view(id);
  }

  /** A stored trace as a self-contained heatmap page needs it. @throws LongsightError LS-404 */
  async standaloneTrace(id: string): Promise<StandaloneTrace> {
    return standaloneTrace(await this.#traces.index(id));
  }

  /** Id of the newest stored trace of this workspace, or null. */
  latestTrace(): Promise<string | null> {
    return this.#traces.latest(this.#workspace.id);
  }

  /** The catalogue with what is on this machine, and the chosen file when it is another one. */
  async models(): Promise<readonly ModelEntry[]> {
    const { dataDir, model } = this.#settings;
    const devices = this.#model.active?.runtime.devices ?? [];
    const chosen = await resolveModel(model, dataDir).catch(nullWithoutUsableModel);
    return listModels(dataDir, thisMachine(devices), chosen);
  }

  /** Downloads a model of the catalogue. @throws LongsightError LS-301, LS-304, LS-305, LS-900 */
  downloadModel(id: string, options: Operation = {}): Promise<{ readonly path: string }> {
    const download = downloadModel(id, this.#settings.dataDir, this.#runner.operation(options));
    return download.finally(() => this.#runner.status.update({ progress: null }));
  }

  /** Removes a downloaded model. One that is in memory works on until another is chosen. @throws LongsightError LS-301, LS-501 */
  deleteModel(id: string): Promise<{ readonly freedBytes: number }> {
    return this.#runner.change(() => deleteModel(id, this.#settings.dataDir));
  }

  /** Computes the projections of the chosen model from the workspace's text, even when there are some. @throws LongsightError */
  calibrate(options: Operation = {}): Promise<CalibrateResult> {
    return this.#runner.run("reading", options, async (operation) => {
      await this.#workspace.requireFolders();
      const active = await this.#model.ensure(this.#settings, operation);
      const source = await this.#workspace.take(this.#settings, operation);
      const {
        tokens,
        seconds,
        path: file,
      } = await this.#session.recalibrate(this.#settings, active, source, operation);
      const { projection, vote } = this.#settings.esa;
      return { path: file, model: active.file.id, projection, vote, tokens, seconds };
    });
  }

  /** Begins to read in the background, as the settings allow: for clients that stay. */
  startReading(): void {
    this.#readings.background.start();
  }

  /** Holds reading in the background back, or lets it go on. */
  pause(paused: boolean): void {
    this.#readings.pause(paused);
  }

  /** Text of an unsaved buffer; null when it was saved or closed. */
  setOverlay(uri: string, text: string | null): void {
    this.#workspace.setOverlay(uri, text);
    this.#readings.background.typed();
  }

  /** Says that files changed, appeared or vanished. */
  invalidate(uris: readonly string[]): void {
    this.#workspace.invalidate(uris);
    this.#readings.background.changed();
  }

  setRoots(roots: readonly WorkspaceRoot[]): void {
    this.#workspace.setRoots(roots);
    this.#readings.background.changed();
    this.names.reset();
  }

  /** Takes new settings from the next call on; what no longer fits them is freed. */
  updateSettings(settings: EngineSettings): Promise<void> {
    return this.#runner.change(async () => {
      const change = compareSettings(this.#settings, settings);
      this.#settings = settings;
      this.#readings.background.changed();
      if (change === "none" || change === "answer") return;
      this.#context.reset();
      this.names.reset();
      if (change === "plan") return;
      await this.#session.dispose();
      this.#readings.reset();
      if (change === "model") {
        await this.#model.unload();
        this.#modelMissing = false;
        this.#runner.status.update({ model: null, backend: null });
      }
      this.#runner.status.update({ context: null });
      this.#runner.rest();
    });
  }

  /** Removes snapshots, segments, token caches, projections and traces; models stay. */
  clearCaches(): Promise<{ readonly freedBytes: number }> {
    return this.#runner.change(async () => {
      await this.#session.dispose();
      this.#readings.reset();
      this.#context.reset();
      this.#workspace.forget();
      this.#traces.forget();
      const { dataDir } = this.#settings;
      const folders = [
        new BoundedFolder(path.join(dataDir, "snapshots"), "", 0),
        new BoundedFolder(path.join(dataDir, "tokens"), "", 0),
        segmentsFolder(dataDir),
        new BoundedFolder(path.join(dataDir, "traces"), "", 0),
        marksFolder(dataDir),
        hashesFolder(dataDir),
        projectionsFolder(dataDir),
      ];
      let freedBytes = 0;
      for (const folder of folders) freedBytes += await folder.clear();
      return { freedBytes };
    });
  }

  /** Stops native work within one step and frees everything. May be called again. */
  async dispose(): Promise<void> {
    this.#readings.background.dispose();
    await this.#runner.close();
    await this.names.dispose();
    await this.#workspace.dispose();
    await this.#session.dispose();
    await this.#model.unload();
  }

  #restState(): EngineState {
    if (this.#modelMissing && this.#model.active === null) return "noModel";
    return this.#session.session === null ? "idle" : "ready";
  }
}
