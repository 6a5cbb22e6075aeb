import type { EngineSettings } from "../shared/protocol";
import { Outlines } from "./context/outlines";
import { packContext } from "./context/pack";
import { planContext } from "./context/plan";
import type { PackedContext, Plan } from "./context/types";
import { Uses } from "./context/uses";
import type { Log } from "./log";
import type { ActiveModel } from "./modelHost";
import { type Operation, ProgressMeter } from "./progress";
import { type Budget, budgetFor, requireBudget } from "./budget";
import { type LongsightError } from "../shared/errors";
import type { Symbols } from "./symbols/symbols";
import type { WorkspaceHost } from "./workspaceHost";
import type { ReadText, Snapshot } from "./workspace/types";

/** How often a walk is tried again when files change under it. */
const MAX_ATTEMPTS = 4;

/** The packed context with what it was made from. */
export interface CurrentContext {
  readonly packed: PackedContext;
  readonly budget: Budget;
  /** ISO 8601 time of the walk that found the workspace like this. */
  readonly asOf: string;
}

/** Keeps the packed context of the workspace, and packs again only when files, settings or model have changed. */
export class ContextHost {
  readonly #workspace: WorkspaceHost;
  readonly #log: Log;
  readonly #outlines: Outlines;
  readonly #uses = new Uses();
  #current: { readonly key: string; readonly context: CurrentContext } | null = null;
  #budget: { readonly key: string; readonly budget: Budget } | null = null;

  constructor(workspace: WorkspaceHost, symbols: Symbols, log: Log) {
    this.#workspace = workspace;
    this.#outlines = new Outlines(symbols);
    this.#log = log;
  }

  get current(): CurrentContext | null {
    return this.#current?.context ?? null;
  }

  /** Forgets the packed context and the budget. */
  reset(): void {
    this.#current = null;
    this.#budget = null;
  }

  /** Plans without packing; estimates while no model is known. @throws LongsightError LS-1xx, LS-401, LS-900 */
  plan(
    settings: EngineSettings,
    active: ActiveModel | null,
    held: number,
    operation: Operation,
  ): Promise<{ readonly plan: Plan; readonly budget: Budget }> {
    return this.#whileStable(async () => {
      const { snapshot, read } = await this.#workspace.take(settings, { ...operation, count: true });
      const budget = this.#chooseBudget(settings, active, held);
      return { plan: await this.#plan(settings, snapshot, budget, active, read, operation), budget };
    });
  }

  /**
   * The context of the workspace as it is now.
   * @param held bytes that the present context takes and a new one could have
   * @throws LongsightError LS-1xx, LS-401, LS-900
   */
  pack(settings: EngineSettings, active: ActiveModel, held: number, operation: Operation): Promise<CurrentContext> {
    return this.#whileStable(async () => {
      const { snapshot, read } = await this.#workspace.take(settings, operation);
      const key = contextKey(settings, active, snapshot);
      const context =
        this.#current?.key === key
          ? { ...this.#current.context, asOf: snapshot.asOf }
          : await this.#repack(settings, active, held, snapshot, read, operation);
      this.#current = { key, context };
      return context;
    });
  }

  async #repack(
    settings: EngineSettings,
    active: ActiveModel,
    held: number,
    snapshot: Snapshot,
    read: ReadText,
    operation: Operation,
  ): Promise<CurrentContext> {
    requireBudget(settings, active, held);
    const budget = this.#chooseBudget(settings, active, held);
    const plan = await this.#plan(settings, snapshot, budget, active, read, operation);
    const packed = await packContext({
      plan,
      frame: active.frame.before,
      read,
      tokens: active.tokens,
      outlines: this.#outlines,
      signal: operation.signal,
    });
    return { packed, budget, asOf: snapshot.asOf };
  }

  #plan(
    settings: EngineSettings,
    snapshot: Snapshot,
    budget: Budget,
    active: ActiveModel | null,
    read: ReadText,
    { signal, onProgress }: Operation,
  ): Promise<Plan> {
    const meter = new ProgressMeter("tokenize", "files", snapshot.documents.length, onProgress);
    const { pinned, scope, outlines, reading } = settings;
    return planContext({
      snapshot,
      budget: budget.tokens,
      frameTokens: active?.frame.before.length ?? 0,
      read,
      tokens: active?.tokens ?? null,
      pinned,
      scope,
      outlines: outlines ? this.#outlines : null,
      uses: this.#uses,
      map: reading === "perFile" ? "files" : "folders",
      signal,
      onProgress: (done) => meter.update(done),
    });
  }

  /** Free memory changes all the time; a budget stays until settings or model change, so that the same plan comes out. */
  #chooseBudget(settings: EngineSettings, active: ActiveModel | null, held: number): Budget {
    const key = settingsKey(settings, active);
    if (this.#budget?.key !== key) this.#budget = { key, budget: budgetFor(settings, active, held) };
    return this.#budget.budget;
  }

  /** Starts again when a file changed between the walk and its reading. */
  async #whileStable<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if ((error as LongsightError).code !== "LS-105" || attempt === MAX_ATTEMPTS) throw error;
        this.#log.info(`${(error as Error).message} Walking again.`);
      }
    }
  }
}

function settingsKey(settings: EngineSettings, active: ActiveModel | null): string {
  const { budget, maxAnswerTokens, esa } = settings;
  return JSON.stringify([budget, maxAnswerTokens, esa, active?.fingerprint]);
}

function contextKey(settings: EngineSettings, active: ActiveModel, snapshot: Snapshot): string {
  const files = snapshot.documents.map((document) => [document.path, document.contentHash]);
  return JSON.stringify([settingsKey(settings, active), files]);
}
