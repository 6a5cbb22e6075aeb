import type { AskParams, EngineSettings, EngineState, ReadResult } from "../shared/protocol";
import { BackgroundReading } from "./background";
import { ContextReader, type ContextReaderParts, type Reading, type ReadingOptions } from "./contextReader";
import type { Log } from "./log";
import { resolveModel } from "./model/files";
import { onBattery } from "./power";
import type { Operation } from "./progress";
import type { Rank } from "./queue";
import { markRead, wasRead } from "./readMarks";
import type { Runner } from "./runner";

/** Share of the cache that must have been removed from under the rest before all is read again in the background. */
const STALE_SHARE = 0.25;

export interface ReadingsParts extends Omit<ContextReaderParts, "status"> {
  readonly runner: Runner;
  readonly settings: () => EngineSettings;
  readonly log: Log;
}

/** What was read, when nothing is missing any more. */
interface Complete {
  readonly tokens: number;
  readonly prefilled: number;
  readonly snapshotBytes: number;
  readonly staleness: number;
}

/** All readings of the workspace: those that are asked for, those for a question, those in the background. */
export class Readings {
  readonly background: BackgroundReading;
  readonly #parts: ReadingsParts;
  readonly #reader: ContextReader;
  /** Readings that have begun and not ended; they go on after a question that came first. */
  #open = 0;

  constructor(parts: ReadingsParts) {
    this.#parts = parts;
    this.#reader = new ContextReader({ ...parts, status: parts.runner.status });
    this.background = new BackgroundReading({
      read: ({ signal, between }) => this.#inBackground(signal, between),
      mayRead: () => this.#mayReadInBackground(),
      log: parts.log,
    });
  }

  /** Reads everything, however often a question comes first. @throws LongsightError */
  async all(options: Operation & { readonly rebuild?: boolean | undefined }): Promise<ReadResult> {
    const { rebuild, ...operation } = options;
    const began = performance.now();
    const { tokens, prefilled, snapshotBytes } = await this.#inSlices("reading", operation, { rebuild });
    const seconds = (performance.now() - began) / 1000;
    return { tokens, prefilled, reused: tokens - prefilled, seconds, snapshotBytes };
  }

  /**
   * What a question sees: everything, unless it came while a reading was open; then what that has read, when it is a fifth of the
   * tokens at least, with the files that the question names and those whose former version was read. @throws LongsightError
   */
  async forQuestion(params: AskParams, operation: Operation): Promise<Reading> {
    const essential = this.#open > 0 ? urisOf(params) : null;
    const reading = await this.#reader.read(this.#parts.settings(), { ...operation, essential });
    if (reading.context === reading.planned) await this.#done();
    return reading;
  }

  /** Forgets what was read: the cache is gone. */
  reset(): void {
    this.#reader.reset();
    this.background.changed();
  }

  /** Holds reading in the background back, or lets it go on. */
  pause(paused: boolean): void {
    this.#parts.runner.status.update({ paused });
    this.background.pause(paused);
  }

  /** Gives way to work of a higher rank, and goes on after it. */
  async #inSlices(
    state: EngineState | null,
    operation: Operation,
    { rebuild, ...options }: ReadingOptions,
    rank: Rank = "normal",
  ): Promise<Complete> {
    const { runner, runningPlan, settings } = this.#parts;
    let prefilled = 0;
    let anew = rebuild;
    const slice = async (slice: Operation, giveWay: AbortSignal): Promise<Complete | null> => {
      const reading = await this.#reader.read(settings(), { ...options, ...slice, giveWay, rebuild: anew });
      prefilled += reading.prefilled;
      if (!reading.complete) {
        if (reading.session.rebuildGoesOn) anew = false;
        return null;
      }
      await this.#done();
      const { snapshotBytes, session, context } = reading;
      return { tokens: context.packed.tokens.length, prefilled, snapshotBytes, staleness: session.staleness };
    };
    this.#open++;
    try {
      return await runner.runInSlices(
        state,
        operation,
        (own, giveWay) => runningPlan.during(() => slice(own, giveWay)),
        rank,
      );
    } finally {
      this.#open--;
    }
  }

  async #inBackground(signal: AbortSignal, between: (stop: AbortSignal | undefined) => Promise<void>): Promise<void> {
    const options: ReadingOptions = { quiet: true, between };
    const { staleness } = await this.#inSlices(null, { signal }, options, "background");
    if (staleness < STALE_SHARE) return;
    const share = (100 * staleness).toFixed(0);
    this.#parts.log.info(`${share} % of what was read knew text that is gone: all is read again`);
    await this.#inSlices(null, { signal }, { ...options, rebuild: true }, "background");
  }

  async #mayReadInBackground(): Promise<"yes" | "no" | "later"> {
    const { settings, workspace, log } = this.#parts;
    const { backgroundReading, model, dataDir } = settings();
    if (backgroundReading === "never" || workspace.isEmpty) return "no";
    if (backgroundReading !== "always" && !(await wasRead(dataDir, workspace.id))) return "no";
    const file = await resolveModel(model, dataDir).catch(() => null);
    if (file === null) return "no";
    return backgroundReading === "onMains" && (await onBattery(log)) ? "later" : "yes";
  }

  /** All of the workspace is in the cache. A mark that cannot be written costs a reading in the background, no more. */
  async #done(): Promise<void> {
    const { settings, workspace, log } = this.#parts;
    await markRead(settings().dataDir, workspace.id).catch((error: unknown) => {
      log.warn("this workspace will not be read in the background at the next start", error);
    });
  }
}

/** Files that a question is about. */
function urisOf({ selection, mentions = [] }: AskParams): ReadonlySet<string> {
  return new Set([...(selection === undefined ? [] : [selection.uri]), ...mentions.map(({ uri }) => uri)]);
}
