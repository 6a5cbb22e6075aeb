import type { EngineSettings, EngineState, Progress } from "../shared/protocol";
import type { ContextHost, CurrentContext } from "./contextHost";
import { subsetOf } from "./context/subset";
import type { ActiveModel, ModelHost } from "./modelHost";
import type { Operation } from "./progress";
import { toContextStatus, toPlanResult, unitsOf } from "./results";
import type { RunningPlan } from "./runningPlan";
import { anySignal } from "./session/reader";
import type { BringOptions, BringResult, Session } from "./session/session";
import type { SessionHost } from "./sessionHost";
import type { StatusBoard } from "./status";
import type { WorkspaceHost } from "./workspaceHost";

/** The workspace, read: what the cache holds now and what that took. */
export interface Reading extends BringResult {
  readonly active: ActiveModel;
  /** What the cache holds. */
  readonly context: CurrentContext;
  /** What it will hold when all is read; the same while nothing is missing. */
  readonly planned: CurrentContext;
  readonly session: Session;
  /** Seconds: to load the model, to bring the cache to the context. */
  readonly load: number;
  readonly bring: number;
}

export interface ReadingOptions extends Operation, Pick<BringOptions, "rebuild" | "giveWay"> {
  /** Waited for between two chunks, until nobody else needs the machine or the signal aborts. */
  readonly between?: ((stop: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Files that must be in, by URI, when the rest may be missing; null: everything must be in. */
  readonly essential?: ReadonlySet<string> | null | undefined;
  /** States are entered only when there is something to load or to read. */
  readonly quiet?: boolean | undefined;
}

/** What is read of. */
export interface ContextReaderParts {
  readonly workspace: WorkspaceHost;
  readonly model: ModelHost;
  readonly context: ContextHost;
  readonly session: SessionHost;
  readonly status: StatusBoard;
  readonly runningPlan: RunningPlan;
}

/** Least share of the tokens that must have been read for an answer from a part of the context. */
const LEAST_SHARE = 0.2;

/** Stages of progress that stand for a state of the engine. */
const STATES: ReadonlyMap<Progress["stage"], EngineState> = new Map([
  ["load", "loading"],
  ["calibrate", "reading"],
  ["restore", "reading"],
  ["prefill", "reading"],
]);

/** Brings the cache to the workspace as it is now, through all stages: model, walk, plan, pack, prefill. */
export class ContextReader {
  readonly #parts: ContextReaderParts;
  /** Files that were in the cache when all was read: what is missing of them has changed since. */
  readonly #readOnce = new Set<string>();

  constructor(parts: ContextReaderParts) {
    this.#parts = parts;
  }

  /** Forgets which files were read: the cache is gone. */
  reset(): void {
    this.#readOnce.clear();
  }

  /**
   * Reads what is missing, or with `essential` only what an answer cannot do without: those files, and files whose former
   * version was read. With less than a fifth of the tokens there, everything is read.
   * @throws LongsightError LS-1xx, LS-2xx, LS-3xx, LS-401, LS-900
   */
  async read(settings: EngineSettings, options: ReadingOptions): Promise<Reading> {
    const { workspace, model, context, session: sessions, status, runningPlan } = this.#parts;
    const operation: ReadingOptions = { ...options, onProgress: this.#progressOf(options) };
    const enter = (state: EngineState): void => {
      if (options.quiet !== true) status.enter(state);
    };
    await workspace.requireFolders();
    enter("loading");
    const began = performance.now();
    const active = await model.ensure(settings, operation);
    const load = (performance.now() - began) / 1000;
    status.update({ model: active.file.id, backend: active.runtime.backend });
    enter("planning");
    const planned = await context.pack(settings, active, sessions.held, operation);
    const { packed, budget } = planned;
    runningPlan.tell(toPlanResult(packed.plan, budget, active.frame.before.length, active.file.id));
    enter("reading");
    const session = await sessions.ensure(settings, active, planned, operation);
    const wanted = await this.#choose(planned, session, options.essential ?? null);
    const result = await this.#bring(wanted, planned, session, operation);
    if (result.complete) for (const { document } of wanted.packed.files) this.#readOnce.add(document.uri);
    return { ...result, active, context: wanted, planned, session, load };
  }

  async #bring(
    wanted: CurrentContext,
    planned: CurrentContext,
    session: Session,
    operation: ReadingOptions,
  ): Promise<BringResult & { readonly bring: number }> {
    const { status } = this.#parts;
    const { signal, giveWay, rebuild, between } = operation;
    const stop = anySignal(signal, giveWay);
    const tell = (): void => status.update({ context: toContextStatus(planned, session.readTokens) });
    tell();
    const began = performance.now();
    try {
      const result = await session.bring(wanted.packed.tokens, {
        signal,
        giveWay,
        rebuild,
        between: between === undefined ? undefined : () => between(stop),
        units: unitsOf(wanted.packed),
        onProgress: (progress) => {
          tell();
          operation.onProgress?.(progress);
        },
      });
      return { ...result, bring: (performance.now() - began) / 1000 };
    } finally {
      tell();
    }
  }

  /** The context without the files that can be missing from an answer; all of it when too little has been read. */
  async #choose(
    planned: CurrentContext,
    session: Session,
    essential: ReadonlySet<string> | null,
  ): Promise<CurrentContext> {
    if (essential === null) return planned;
    const { packed } = planned;
    const units = unitsOf(packed);
    const available = await session.available(packed.tokens, units);
    const sizeOf = (unit: number): number => (units[unit + 1] ?? packed.tokens.length) - (units[unit] ?? 0);
    const there = available.reduce((sum, is, unit) => sum + (is ? sizeOf(unit) : 0), 0);
    if (there === packed.tokens.length || there < packed.tokens.length * LEAST_SHARE) return planned;
    const mustBeIn = (uri: string): boolean => essential.has(uri) || this.#readOnce.has(uri);
    const subset = subsetOf(
      packed,
      (document, start) => mustBeIn(document.uri) || available[units.indexOf(start)] === true,
    );
    return { ...planned, packed: subset };
  }

  #progressOf({ quiet, onProgress }: ReadingOptions): Operation["onProgress"] {
    const { status } = this.#parts;
    if (quiet !== true) return onProgress;
    return (progress) => {
      const state = STATES.get(progress.stage);
      if (state === undefined) return;
      if (status.value.state !== state) status.enter(state);
      onProgress?.(progress);
    };
  }
}
