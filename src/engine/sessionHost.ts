import { rm } from "node:fs/promises";
import path from "node:path";
import { LongsightError, userErrors } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";
import { BATCH_SIZE, freeMemory, localWindow, reserveFor, shapeOf } from "./budget";
import type { CurrentContext } from "./contextHost";
import { ensureFolder, sha256, sha256File } from "./disk";
import type { Log } from "./log";
import {
  calibrate,
  ensureProjections,
  type CalibrationOptions,
  type CalibrationText,
  type Projections,
} from "./model/calibration";
import type { ActiveModel } from "./modelHost";
import type { NativeContext } from "./native";
import { type ContextOptions, type EsaOptions, NativeError } from "./nativeTypes";
import type { Operation } from "./progress";
import { requireMemory } from "./session/memory";
import { ContextualReader } from "./session/contextualReader";
import { PerFileReader } from "./session/perFileReader";
import type { Reader } from "./session/reader";
import { segmentsFolder, SegmentStore } from "./session/segmentStore";
import { Session } from "./session/session";
import { SnapshotStore } from "./session/snapshotStore";
import type { ReadText, Snapshot } from "./workspace/types";

/** Size in bytes of the folder of snapshots, and of that of segments. */
const MAX_BYTES = 24 * 2 ** 30;
/** Cells that a context has more than it needs now, so that a few edits fit without making it anew. */
const SLACK_SHARE = 0.05;
const MIN_SLACK = 1024;
const CELL_STEP = 256;

/** Keeps one KV cache: made for a model and its parameters, made anew when they change or when it is too small. */
export class SessionHost {
  readonly #log: Log;
  readonly #onNotice: (error: LongsightError) => void;
  #current: { readonly key: string; readonly session: Session } | null = null;
  #noticed = false;

  /** @param onNotice told once when what is read cannot be kept on disk */
  constructor(log: Log, onNotice: ((error: LongsightError) => void) | undefined) {
    this.#log = log;
    this.#onNotice = onNotice ?? (() => undefined);
  }

  get session(): Session | null {
    return this.#current?.session ?? null;
  }

  /** Bytes that the present cache takes. */
  get held(): number {
    return this.#current?.session.heldBytes ?? 0;
  }

  /**
   * A cache with room for the context, a question and an answer. The projections of the compressed keys are computed
   * when they are missing; a workspace too small for that is scored at full width.
   * @throws LongsightError LS-201, LS-501, LS-900
   */
  async ensure(
    settings: EngineSettings,
    active: ActiveModel,
    context: CurrentContext,
    operation: Operation,
    mayRecalibrate = true,
  ): Promise<Session> {
    const needed = context.packed.tokens.length + reserveFor(settings);
    const projections = await this.#projections(settings, active, context, operation);
    const esa = esaOptions(settings, active, projections);
    const key = await cacheKey(active, esa);
    const current = this.#current;
    if (current?.key === key && current.session.context.contextSize >= needed) return current.session;
    await this.dispose();
    const slack = Math.max(MIN_SLACK, needed * SLACK_SHARE);
    const contextSize = Math.ceil((needed + slack) / CELL_STEP) * CELL_STEP;
    requireMemory(shapeOf(active, settings), contextSize, freeMemory(settings, active));
    const options: ContextOptions = {
      contextSize,
      batchSize: BATCH_SIZE,
      esa,
      ...(settings.threads > 0 && { threads: settings.threads }),
    };
    const native = await active.runtime.native
      .createContext(active.model.handle, options)
      .catch(async (error: unknown) => {
        const damaged = error instanceof NativeError && error.code === "BAD_FILE" && projections !== null;
        if (!damaged || !mayRecalibrate) throw error;
        this.#log.warn(`${error.message}; the file is removed and made again`);
        await rm(projections, { force: true });
        return null;
      });
    if (native === null) return this.ensure(settings, active, context, operation, false);
    const { total } = native.memory;
    this.#log.info(`made a ${native.isEsa ? "selective" : "dense"} context of ${contextSize} tokens, ${total} bytes`);
    const reader = await this.#reader(settings, active, native, { key, options });
    const session = new Session({ context: native, reader, batchSize: BATCH_SIZE });
    this.#current = { key, session };
    return session;
  }

  /** The way of reading that is set, where the model's keys can be kept by file. */
  async #reader(
    settings: EngineSettings,
    active: ActiveModel,
    native: NativeContext,
    { key, options }: { readonly key: string; readonly options: ContextOptions },
  ): Promise<Reader> {
    if (settings.reading === "perFile" && native.supportsSegments) return this.#perFile(settings, active, key, options);
    if (settings.reading === "perFile")
      this.#log.info(`${active.file.name} cannot read file by file: from left to right`);
    const dir = path.join(settings.dataDir, "snapshots");
    await ensureFolder(dir);
    const store = new SnapshotStore({
      dir,
      maxBytes: MAX_BYTES,
      peek: (file, own) => active.runtime.native.peekSnapshot(file, own),
      log: this.#log,
      onNotKept: (cause) => this.#notKept(dir, cause),
    });
    return new ContextualReader({ store, key, batchSize: BATCH_SIZE });
  }

  #perFile(settings: EngineSettings, active: ActiveModel, key: string, options: ContextOptions): Reader {
    const dir = segmentsFolder(settings.dataDir).dir;
    const store = new SegmentStore({
      dir,
      maxBytes: MAX_BYTES,
      log: this.#log,
      onNotKept: (cause) => this.#notKept(dir, cause),
    });
    const create = async (contextSize: number): Promise<NativeContext> => {
      requireMemory(shapeOf(active, settings), contextSize, freeMemory(settings, active));
      const scratch = await active.runtime.native.createContext(active.model.handle, { ...options, contextSize });
      this.#log.info(`made a context of ${contextSize} tokens to read files in, ${scratch.memory.total} bytes`);
      return scratch;
    };
    return new PerFileReader({ store, key, scratch: { create, batchSize: BATCH_SIZE }, log: this.#log });
  }

  #notKept(dir: string, cause: unknown): void {
    if (this.#noticed) return;
    this.#noticed = true;
    this.#onNotice(userErrors.notKept(dir, cause));
  }

  /** Computes the projections anew; the present cache no longer fits them. @throws LongsightError LS-406, LS-601, LS-900 */
  async recalibrate(
    settings: EngineSettings,
    active: ActiveModel,
    source: { readonly snapshot: Snapshot; readonly read: ReadText },
    operation: Operation,
  ): Promise<Projections> {
    requireCompression(settings, active);
    await this.dispose();
    const texts = source.snapshot.documents.map((document) => ({
      bytes: document.bytes,
      read: () => source.read(document),
    }));
    return calibrate(calibrationOptions(settings, active, texts, operation));
  }

  async dispose(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.session.dispose();
  }

  /** Path of the projections; null for scoring at full width. */
  async #projections(
    settings: EngineSettings,
    active: ActiveModel,
    context: CurrentContext,
    operation: Operation,
  ): Promise<string | null> {
    const { denseReason, kvHeads, headDim } = active.model.facts;
    if (denseReason !== null || settings.esa.projection >= kvHeads * headDim) return null;
    // From memory: the files may have changed on disk since they were packed.
    const texts = context.packed.files.map(({ document, text }) => ({
      bytes: document.bytes,
      read: () => Promise.resolve(text),
    }));
    try {
      const projections = await ensureProjections(calibrationOptions(settings, active, texts, operation));
      if (projections.tokens > 0) {
        this.#log.info(`calibrated on ${projections.tokens} tokens in ${projections.seconds.toFixed(1)} s`);
      }
      return projections.path;
    } catch (error) {
      if (!(error instanceof LongsightError) || error.code !== "LS-406") throw error;
      this.#log.info(`${error.message} Keys are compared at full width.`);
      return null;
    }
  }
}

function calibrationOptions(
  settings: EngineSettings,
  active: ActiveModel,
  texts: readonly CalibrationText[],
  operation: Operation,
): CalibrationOptions {
  const { native } = active.runtime;
  const { kvHeads, headDim, trainedContext } = active.model.facts;
  const { projection, vote } = settings.esa;
  return {
    ...operation,
    native,
    model: active.model.handle,
    tokenize: (text) => active.model.tokenize(text),
    keyWidth: kvHeads * headDim,
    trainedContext,
    threads: settings.threads,
    dataDir: settings.dataDir,
    key: {
      modelFingerprint: active.fingerprint,
      projection,
      vote,
      local: localWindow(settings, active),
      nativeVersion: native.version,
    },
    texts,
  };
}

/** @throws LongsightError LS-601 when there is nothing to calibrate */
function requireCompression(settings: EngineSettings, { model, file }: ActiveModel): void {
  const { denseReason, kvHeads, headDim } = model.facts;
  const width = kvHeads * headDim;
  if (denseReason !== null) throw userErrors.badArgument(`model ${file.id}`, denseReason);
  if (settings.esa.projection >= width) {
    throw userErrors.badArgument(
      "projection",
      `${settings.esa.projection} does not compress the keys of ${file.id}, which are ${width} wide and compared whole then`,
    );
  }
}

/** null when the model runs dense. */
function esaOptions(settings: EngineSettings, active: ActiveModel, projections: string | null): EsaOptions | null {
  if (active.model.facts.denseReason !== null) return null;
  const { initial, top, proximity, positions } = settings.esa;
  return {
    nInit: initial,
    nLocal: localWindow(settings, active),
    nTop: top,
    proximity,
    positions,
    projections,
    kvHost: settings.kvPlacement === "host",
  };
}

/** Names everything that keys and values depend on besides the tokens. */
async function cacheKey(active: ActiveModel, esa: EsaOptions | null): Promise<string> {
  const { native, backend } = active.runtime;
  const file = esa?.projections ?? null;
  const projections = file === null ? null : await sha256File(file);
  const read = { ...esa, projections, kvHost: undefined }; // where they lie changes nothing
  const parts = [active.fingerprint, native.buildId, native.version, backend, BATCH_SIZE, read];
  return sha256(JSON.stringify(parts));
}
