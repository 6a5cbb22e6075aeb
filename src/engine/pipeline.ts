import path from "node:path";
import type {
  AnswerResult,
  AskParams,
  EngineSettings,
  EngineState,
  EngineStatus,
  EsaVote,
  ModelEntry,
  PlanResult,
  ReadResult,
} from "../shared/protocol";
import type { FileTrace, Interval, LineSelection, StandaloneTrace, TraceQuery, TraceSummary } from "../shared/trace";
import { type AskOptions, askSession } from "./asking";
import { ConversationHost } from "./conversationHost";
import { ContextHost, type CurrentContext } from "./contextHost";
import { BoundedFolder } from "./disk";
import type { Log } from "./log";
import { projectionsFolder } from "./model/calibration";
import { downloadModel } from "./model/download";
import { resolveModel } from "./model/files";
import { listModels, thisMachine } from "./model/recommend";
import { type ActiveModel, ModelHost } from "./modelHost";
import { type Operation, unlessAborted } from "./progress";
import { toContextStatus, toPlannedStatus, toPlanResult, unitsOf } from "./results";
import type { BringResult, Session } from "./session/session";
import { nullWithoutModel, nullWithoutUsableModel, Runner } from "./runner";
import { RunningPlan } from "./runningPlan";
import { SessionHost } from "./sessionHost";
import { compareSettings } from "./settings";
import type { TraceIndex } from "./trace/query";
import { standaloneTrace } from "./trace/standalone";
import { TraceHost } from "./traceHost";
import { WorkspaceHost } from "./workspaceHost";
import type { WorkspaceRoot } from "./workspace/types";

export type { Operation } from "./progress";

export interface PipelineOptions {
  readonly roots: readonly WorkspaceRoot[];
  readonly settings: EngineSettings;
  readonly log: Log;
  /** Called at each change of the status; the value is complete. */
  readonly onStatus?: (status: EngineStatus) => void;
}

export interface ReadOptions extends Operation {
  /** Ignore the stored snapshot and read everything anew. */
  readonly rebuild?: boolean;
}

export interface CalibrateResult {
  /** The projections, as GGUF. */
  readonly path: string;
  readonly model: string;
  /** Width d' of the compressed keys. */
  readonly projection: number;
  readonly vote: EsaVote;
  /** Tokens of text that it was computed from. */
  readonly tokens: number;
  readonly seconds: number;
}

/** The workspace, read: what the cache holds now and what that took. */
interface Reading extends BringResult {
  readonly active: ActiveModel;
  readonly context: CurrentContext;
  readonly session: Session;
  /** Seconds: to load the model, to bring the cache to the context. */
  readonly load: number;
  readonly bring: number;
}

/**
 * Composes the stages: files → snapshot → packed context → tokens → KV cache → answer with citations and trace. Calls
 * that need the model wait for each other, in the order they were made.
 */
export class Pipeline {
  readonly #runner: Runner;
  readonly #workspace: WorkspaceHost;
  readonly #model: ModelHost;
  readonly #context: ContextHost;
  readonly #session: SessionHost;
  readonly #traces: TraceHost;
  /** Questions and answers that are kept. */
  readonly conversations: ConversationHost;
  readonly #runningPlan = new RunningPlan();
  #settings: EngineSettings;
  /** True when the last look found no model on this machine. */
  #modelMissing = false;

  constructor({ roots, settings, log, onStatus }: PipelineOptions) {
    this.#settings = settings;
    this.#runner = new Runner(log, onStatus, () => this.#restState());
    this.#workspace = new WorkspaceHost(roots);
    this.#model = new ModelHost(log);
    this.#context = new ContextHost(this.#workspace, log);
    this.#session = new SessionHost(log);
    this.#traces = new TraceHost(() => path.join(this.#settings.dataDir, "traces"));
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

  /** Walks, plans, packs, restores or prefills, saves the snapshot. @throws LongsightError */
  read(options: ReadOptions = {}): Promise<ReadResult> {
    return this.#runWithPlan("reading", options, async (operation) => {
      const began = performance.now();
      const { context, prefilled, reused, snapshotBytes } = await this.#read({ ...options, ...operation });
      const seconds = (performance.now() - began) / 1000;
      return { tokens: context.packed.tokens.length, prefilled, reused, seconds, snapshotBytes };
    });
  }

  /** Answers a question; reads first when needed. Kept in a conversation unless `keep` is false. @throws LongsightError */
  ask(params: AskParams, options: AskOptions = {}): Promise<AnswerResult> {
    return this.conversations.keep(params, () => this.#answer(params, options));
  }

  #answer(params: AskParams, options: AskOptions): Promise<AnswerResult> {
    const { onDelta } = options;
    return this.#runWithPlan("answering", options, async (operation) => {
      const began = performance.now();
      const { active, context, session, load, bring, prefilled, reused } = await this.#read(operation);
      this.#runner.status.enter("answering");
      let firstToken = NaN;
      const asked = await askSession({
        params,
        settings: this.#settings,
        active,
        context,
        session,
        workspace: this.#workspace.id,
        signal: operation.signal,
        onDelta: (text, tokens) => {
          if (Number.isNaN(firstToken)) firstToken = (performance.now() - began) / 1000;
          onDelta?.(text, tokens);
        },
      });
      await this.#traces.store(asked.trace);
      return {
        ...asked.answer,
        timings: {
          load,
          prefill: bring + asked.prefill,
          firstToken: Number.isNaN(firstToken) ? (performance.now() - began) / 1000 : firstToken,
          decode: asked.decode,
          prefilledTokens: prefilled + asked.questionTokens,
          reusedTokens: reused,
          generatedTokens: asked.generatedTokens,
        },
      };
    });
  }

  /** A stored trace, for queries. @throws LongsightError LS-404 */
  traceIndex(id: string): Promise<TraceIndex> {
    return this.#traces.index(id);
  }

  /** Sums of a stored trace. @throws LongsightError LS-404, LS-601 */
  async trace({ id, ...selector }: TraceQuery): Promise<TraceSummary> {
    return (await this.traceIndex(id)).summary(selector);
  }

  /** One file of a stored trace; `lines` is half-open and 1-based. @throws LongsightError LS-404, LS-601 */
  async fileTrace(query: TraceQuery & { readonly path: string; readonly lines: Interval }): Promise<FileTrace> {
    return (await this.traceIndex(query.id)).file(query);
  }

  /** The `limit` most lifted lines of a stored trace. @throws LongsightError LS-404, LS-601 */
  async traceLines({ id, ...selector }: TraceQuery, limit: number): Promise<readonly LineSelection[]> {
    return (await this.#traces.index(id)).lines(selector, limit);
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

  /** Text of an unsaved buffer; null when it was saved or closed. */
  setOverlay(uri: string, text: string | null): void {
    this.#workspace.setOverlay(uri, text);
  }

  /** Says that files changed, appeared or vanished. */
  invalidate(uris: readonly string[]): void {
    this.#workspace.invalidate(uris);
  }

  setRoots(roots: readonly WorkspaceRoot[]): void {
    this.#workspace.setRoots(roots);
  }

  /** Takes new settings from the next call on; what no longer fits them is freed. */
  updateSettings(settings: EngineSettings): Promise<void> {
    return this.#runner.change(async () => {
      const change = compareSettings(this.#settings, settings);
      this.#settings = settings;
      if (change === "none" || change === "answer") return;
      this.#context.reset();
      if (change === "plan") return;
      await this.#session.dispose();
      if (change === "model") {
        await this.#model.unload();
        this.#modelMissing = false;
        this.#runner.status.update({ model: null, backend: null });
      }
      this.#runner.status.update({ context: null });
      this.#runner.rest();
    });
  }

  /** Removes snapshots, token caches, projections and traces; models stay. */
  clearCaches(): Promise<{ readonly freedBytes: number }> {
    return this.#runner.change(async () => {
      await this.#session.dispose();
      this.#context.reset();
      this.#traces.forget();
      const { dataDir } = this.#settings;
      const folders = [
        new BoundedFolder(path.join(dataDir, "snapshots"), "", 0),
        new BoundedFolder(path.join(dataDir, "tokens"), "", 0),
        new BoundedFolder(path.join(dataDir, "traces"), "", 0),
        projectionsFolder(dataDir),
      ];
      let freedBytes = 0;
      for (const folder of folders) freedBytes += await folder.clear();
      return { freedBytes };
    });
  }

  /** Stops native work within one step and frees everything. May be called again. */
  async dispose(): Promise<void> {
    await this.#runner.close();
    await this.#session.dispose();
    await this.#model.unload();
  }

  /** Runs work that reads first; its plan can be asked for meanwhile. */
  #runWithPlan<T>(state: EngineState, options: Operation, work: (operation: Operation) => Promise<T>): Promise<T> {
    return this.#runner.run(state, options, (operation) => this.#runningPlan.during(() => work(operation)));
  }

  async #read(operation: ReadOptions): Promise<Reading> {
    const settings = this.#settings;
    await this.#workspace.requireFolders();
    this.#runner.status.enter("loading");
    const began = performance.now();
    const active = await this.#model.ensure(settings, operation);
    this.#modelMissing = false;
    const load = (performance.now() - began) / 1000;
    this.#runner.status.update({ model: active.file.id, backend: active.runtime.backend });
    this.#runner.status.enter("planning");
    const context = await this.#context.pack(settings, active, this.#session.held, operation);
    const { packed, budget } = context;
    this.#runningPlan.tell(toPlanResult(packed.plan, budget, active.frame.before.length, active.file.id));
    this.#runner.status.enter("reading");
    const session = await this.#session.ensure(settings, active, context, operation);
    const tell = (): void => this.#runner.status.update({ context: toContextStatus(context, session.readTokens) });
    tell();
    const bringBegan = performance.now();
    try {
      const result = await session.bring(context.packed.tokens, {
        ...operation,
        units: unitsOf(context.packed),
        onProgress: (progress) => {
          tell();
          operation.onProgress?.(progress);
        },
      });
      return { ...result, active, context, session, load, bring: (performance.now() - bringBegan) / 1000 };
    } finally {
      tell();
    }
  }

  #restState(): EngineState {
    if (this.#modelMissing) return "noModel";
    return this.#session.session === null ? "idle" : "ready";
  }
}
