import type { Interval } from "../../shared/trace";
import { LongsightError, userErrors } from "../../shared/errors";
import type { Log } from "../log";
import { ProgressMeter } from "../progress";
import type { KvCache } from "./kvCache";
import { anySignal, type BringOptions, type BringResult, type Reader } from "./reader";
import { Scratch, type ScratchOptions } from "./scratch";
import { type Segment, segmentOf, type SegmentStore } from "./segmentStore";

export interface PerFileReaderOptions {
  readonly store: SegmentStore;
  /** Names everything that the cache depends on besides its tokens: model, parameters, projections, build. */
  readonly key: string;
  readonly scratch: ScratchOptions;
  readonly log: Log;
}

type OpenScratch = Awaited<ReturnType<Scratch["open"]>>;

interface ReadOptions extends BringOptions {
  /** Tokens of the unit that were read. */
  readonly tell: (done: number) => void;
  readonly stop: AbortSignal | undefined;
}

/** What a call of `bring` has done so far. */
interface Tally {
  reused: number;
  prefilled: number;
}

/**
 * Reads each unit by itself behind the frame, the first unit, so that its keys and values depend on nothing else: an edit
 * costs its file, and what was read once is found on disk by any branch, checkout or window. Keys are cached without
 * their rotation, so a unit can stand anywhere in the cache.
 */
export class PerFileReader implements Reader {
  readonly rebuildGoesOn = true;
  readonly staleness = 0;
  readonly #options: PerFileReaderOptions;
  readonly #scratch: Scratch;
  /** The units in the cache, in order. */
  #held: Segment[] = [];
  /** A unit that is being written to disk. */
  #saving: Promise<void> = Promise.resolve();
  #inPlace = false;

  constructor(options: PerFileReaderOptions) {
    this.#options = options;
    this.#scratch = new Scratch(options.scratch);
  }

  get heldBytes(): number {
    return this.#scratch.bytes;
  }

  async bring(cache: KvCache, wanted: Int32Array, options: BringOptions): Promise<BringResult> {
    const { store } = this.#options;
    const segments = this.#segmentsOf(wanted, options.units ?? [0]);
    if (options.rebuild === true) {
      await store.remove(segments);
      await cache.clear();
      this.#held = [];
    }
    await this.#keep(cache, segments);
    const tally: Tally = { reused: cache.tokens.length, prefilled: 0 };
    try {
      const complete = await this.#fill(cache, segments, tally, options);
      await this.#saving;
      if (complete) await this.#scratch.dispose();
      return { ...tally, snapshotBytes: complete ? store.bytesOf(segments) : 0, complete };
    } finally {
      await this.#saving;
      await store.trim(segments);
    }
  }

  async available(cache: KvCache, wanted: Int32Array, units: readonly number[]): Promise<readonly boolean[]> {
    const held = new Set(this.#heldIn(cache).map(({ name }) => name));
    const there: boolean[] = [];
    for (const segment of this.#segmentsOf(wanted, units)) {
      there.push(segment.tokens.length === 0 || held.has(segment.name) || (await this.#options.store.has(segment)));
    }
    return there;
  }

  dispose(): Promise<void> {
    return this.#scratch.dispose();
  }

  /** Appends what is missing. @returns false when it gave way before the end */
  async #fill(cache: KvCache, segments: readonly Segment[], tally: Tally, options: BringOptions): Promise<boolean> {
    const missing = segments.slice(this.#held.length);
    const toRead: Segment[] = [];
    for (const segment of missing) if (!(await this.#options.store.has(segment))) toRead.push(segment);
    const total = count(segments);
    const stage = toRead.length > 0 ? "prefill" : "restore";
    const begin = stage === "prefill" ? total - count(toRead) : cache.tokens.length;
    const meter = missing.length > 0 ? new ProgressMeter(stage, "tokens", total, options.onProgress, begin) : null;
    const stop = anySignal(options.signal, options.giveWay);
    let done = begin;
    for (const segment of missing) {
      if (stop?.aborted === true) return this.#stopped(options);
      if (segment.tokens.length === 0) {
        this.#took(cache, segment);
        continue;
      }
      await this.#saving;
      if (await this.#options.store.load(segment, cache.context)) {
        tally.reused += segment.tokens.length;
        this.#took(cache, segment);
        if (stage === "restore") meter?.update(cache.tokens.length);
        continue;
      }
      const before = done;
      const tell = (tokens: number): void => meter?.update(before + tokens);
      if (!(await this.#read(cache, segment, segments, tally, { ...options, tell, stop })))
        return this.#stopped(options);
      done += segment.tokens.length;
    }
    return true;
  }

  /** Reads one unit by itself and appends it. @returns false when it was stopped */
  async #read(
    cache: KvCache,
    segment: Segment,
    segments: readonly Segment[],
    tally: Tally,
    options: ReadOptions,
  ): Promise<boolean> {
    const { store } = this.#options;
    const [frame] = segments;
    if (frame === undefined) return true;
    const at = cache.tokens.length;
    const scratch = await this.#openScratch(cache, segments);
    if (scratch === null) return this.#readInPlace(cache, segment, tally, options);
    tally.prefilled += scratch.read;
    if (segment === frame) {
      await cache.context.segmentCopy(scratch.context, 0, frame.tokens.length);
      if (scratch.read === 0) tally.reused += frame.tokens.length;
    } else {
      const { read, complete } = await this.#scratch.read(segment.tokens, {
        signal: options.stop,
        between: options.between,
        onProgress: options.tell,
      });
      tally.prefilled += read;
      if (!complete) return false;
      // What an earlier call had read of it counts as reused.
      tally.reused += segment.tokens.length - read;
      await cache.context.segmentCopy(scratch.context, frame.tokens.length, segment.tokens.length);
    }
    this.#took(cache, segment);
    // Written while the next one is read.
    this.#saving = store.save(segment, cache.context, at, segments);
    return true;
  }

  /** @returns null when there is no memory for a second context */
  async #openScratch(cache: KvCache, segments: readonly Segment[]): Promise<OpenScratch | null> {
    const largest = segments.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);
    const frame = segments[0]?.tokens ?? new Int32Array(0);
    try {
      return await this.#scratch.open(frame, largest, async (context) => {
        if (this.#held.length === 0) return false;
        await context.segmentCopy(cache.context, 0, frame.length);
        return true;
      });
    } catch (error) {
      if (!(error instanceof LongsightError) || error.code !== "LS-201") throw error;
      if (!this.#inPlace) this.#options.log.warn(`${error.message} Files are read in place, and not kept on disk.`);
      this.#inPlace = true;
      return null;
    }
  }

  /** Reads a unit behind those that are in the cache: it knows them then, and is of no use elsewhere. */
  async #readInPlace(cache: KvCache, segment: Segment, tally: Tally, options: ReadOptions): Promise<boolean> {
    const from = cache.tokens.length;
    const { aborted, done } = await cache.read(segment.tokens, {
      ...(options.stop !== undefined && { signal: options.stop }),
      onProgress: options.tell,
    });
    tally.prefilled += done;
    if (aborted) await cache.remove([[from, cache.tokens.length]]);
    else this.#held.push(segment);
    return !aborted;
  }

  /** Leaves in the cache the units that are wanted next, in order, and removes the others. */
  async #keep(cache: KvCache, segments: readonly Segment[]): Promise<void> {
    const held = this.#heldIn(cache);
    const removals: Interval[] = [];
    const kept: Segment[] = [];
    let from = 0;
    let at = 0;
    for (const unit of held) {
      const to = at + unit.tokens.length;
      if (unit.name === segments[kept.length]?.name) {
        if (from < at) removals.push([from, at]);
        kept.push(unit);
        from = to;
      }
      at = to;
    }
    if (from < cache.tokens.length) removals.push([from, cache.tokens.length]);
    this.#held = [];
    await cache.remove(removals);
    this.#held = kept;
  }

  #took(cache: KvCache, segment: Segment): void {
    cache.took(segment.tokens);
    this.#held.push(segment);
  }

  /** The units in the cache, as long as nobody else has changed it. */
  #heldIn(cache: KvCache): readonly Segment[] {
    return count(this.#held) === cache.packed ? this.#held : [];
  }

  #segmentsOf(wanted: Int32Array, units: readonly number[]): Segment[] {
    const frame = wanted.subarray(0, units[1] ?? wanted.length);
    const none = new Int32Array(0);
    return units.map((start, index) => {
      const tokens = wanted.subarray(start, units[index + 1] ?? wanted.length);
      return segmentOf(this.#options.key, index === 0 ? none : frame, tokens);
    });
  }

  #stopped({ signal }: BringOptions): false {
    if (signal?.aborted === true) throw userErrors.cancelled();
    return false;
  }
}

function count(segments: readonly Segment[]): number {
  return segments.reduce((sum, { tokens }) => sum + tokens.length, 0);
}
