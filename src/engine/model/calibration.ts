/**
 * Projections for the compressed keys: computed once per model from the workspace's own text, kept in the data folder,
 * found again by everything that they depend on.
 */
import { stat } from "node:fs/promises";
import path from "node:path";
import { isCancelled, userErrors } from "../../shared/errors";
import type { EsaVote } from "../../shared/protocol";
import { BoundedFolder, ensureFolder, sha256 } from "../disk";
import type { ModelHandle, Native } from "../native";
import { type Operation, ProgressMeter } from "../progress";

/** Tokens of one piece: long enough for real context, short enough to take pieces from all over the repository. */
const PIECE_TOKENS = 512;
/** Least and most tokens that are read; in between: 8 for each of the model's key channels, so that C_k has full rank. */
const LEAST_TOKENS = 2048;
const USUAL_TOKENS = 4096;
const MOST_TOKENS = 16_384;
const TOKENS_PER_CHANNEL = 8;
/** Characters taken per token wanted: code has 3 to 4 a token, and what is too much is cut off. */
const CHARACTERS_PER_TOKEN = 5;
const MAX_CACHE_BYTES = 1 << 30;

/** A text that calibration may read. */
export interface CalibrationText {
  readonly bytes: number;
  read(): Promise<string>;
}

/** What the projections depend on besides the text. */
export interface ProjectionKey {
  /** Identifies the weights, such as the model's content hash. */
  readonly modelFingerprint: string;
  /** Width d' of the compressed keys. */
  readonly projection: number;
  readonly vote: EsaVote;
  /** `|L|`: queries are scored as seen from this distance. */
  readonly local: number;
  /** Version of the ESA implementation. */
  readonly nativeVersion: string;
}

export interface CalibrationOptions extends Operation {
  readonly native: Native;
  readonly model: ModelHandle;
  /** Tokens of plain text. */
  readonly tokenize: (text: string) => Int32Array;
  /** KV heads · head dimension: the width of a layer's keys. */
  readonly keyWidth: number;
  readonly trainedContext: number;
  readonly threads: number;
  readonly dataDir: string;
  readonly key: ProjectionKey;
  readonly texts: readonly CalibrationText[];
}

export interface Projections {
  readonly path: string;
  /** Tokens that were read for it now; 0 when it was there already. */
  readonly tokens: number;
  readonly seconds: number;
}

/** The folder of all projections; entries are `<key>.gguf`. */
export function projectionsFolder(dataDir: string): BoundedFolder {
  return new BoundedFolder(path.join(dataDir, "projections"), ".gguf", MAX_CACHE_BYTES);
}

/** Path of the projections for a key, whether they exist or not. */
export function projectionsPath(dataDir: string, key: ProjectionKey): string {
  const name = sha256(JSON.stringify([key.modelFingerprint, key.projection, key.vote, key.local, key.nativeVersion]));
  return projectionsFolder(dataDir).file(name.slice(0, 32));
}

/** Path of the projections when they are there, else null. */
export async function findProjections(dataDir: string, key: ProjectionKey): Promise<string | null> {
  const file = projectionsPath(dataDir, key);
  const info = await stat(file).catch(() => null);
  return info?.isFile() === true ? file : null;
}

/**
 * The projections for a model, computed when they are not there.
 * @throws LongsightError LS-406 too little text, LS-501, LS-900; NativeError
 */
export async function ensureProjections(options: CalibrationOptions): Promise<Projections> {
  const found = await findProjections(options.dataDir, options.key);
  if (found === null) return calibrate(options);
  await projectionsFolder(options.dataDir).touch(found);
  return { path: found, tokens: 0, seconds: 0 };
}

/**
 * Computes the projections of a model and replaces those that are there.
 * @throws LongsightError LS-406 too little text, LS-501, LS-900; NativeError
 */
export async function calibrate(options: CalibrationOptions): Promise<Projections> {
  const { native, model, key, dataDir, threads, signal } = options;
  const began = performance.now();
  const pieces = await takePieces(options);
  const tokens = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const folder = projectionsFolder(dataDir);
  await ensureFolder(folder.dir);
  const file = projectionsPath(dataDir, key);
  const readMeter = new ProgressMeter("calibrate", "tokens", tokens, options.onProgress);
  let solveMeter: ProgressMeter | undefined;
  try {
    await native.calibrate(model, {
      tokens: pieces,
      nProj: key.projection,
      vote: key.vote,
      nLocal: key.local,
      path: file,
      ...(threads > 0 && { threads }),
      ...(signal !== undefined && { signal }),
      onProgress: (stage, done, total) => {
        if (stage === "read") readMeter.update(Math.round((done / total) * tokens));
        // The first layers are where the meter starts: the time before them was spent reading.
        else if (solveMeter !== undefined) solveMeter.update(done);
        else solveMeter = new ProgressMeter("calibrate", "layers", total, options.onProgress, done);
      },
    });
  } catch (error) {
    throw isCancelled(error) || signal?.aborted === true ? userErrors.cancelled() : error;
  }
  await folder.trim(file);
  return { path: file, tokens, seconds: (performance.now() - began) / 1000 };
}

/** Tokens that calibration reads for a key width (esa.md: the estimate of C_k needs several samples per channel). */
export function calibrationTokens(keyWidth: number): number {
  return Math.min(MOST_TOKENS, Math.max(USUAL_TOKENS, TOKENS_PER_CHANNEL * keyWidth));
}

/**
 * Takes pieces of equal length from evenly spaced places of all texts laid end to end.
 * @throws LongsightError LS-406 when there is less text than calibration needs, LS-900
 */
export async function takePieces(
  options: Pick<CalibrationOptions, "texts" | "tokenize" | "keyWidth" | "trainedContext" | "signal">,
): Promise<readonly Int32Array[]> {
  const { texts, tokenize, signal } = options;
  const length = Math.min(PIECE_TOKENS, options.trainedContext);
  const count = Math.ceil(calibrationTokens(options.keyWidth) / length);
  const tape = new TextTape(texts);
  const wanted = length * CHARACTERS_PER_TOKEN;
  const pieces: Int32Array[] = [];
  let end = 0;
  for (let index = 0; index < count; index++) {
    if (signal?.aborted === true) throw userErrors.cancelled();
    // A short workspace gives touching pieces, never the same text twice.
    const start = Math.max(end, Math.floor((index / count) * tape.bytes));
    const text = await tape.read(start, wanted);
    end = start + Buffer.byteLength(text);
    const piece = tokenize(text).slice(0, length);
    if (piece.length > 1) pieces.push(piece);
  }
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (total < LEAST_TOKENS) throw userErrors.calibrationTooSmall(total, LEAST_TOKENS);
  return pieces;
}

/** All texts laid end to end, read only where they are needed. Places are bytes and meant roughly. */
class TextTape {
  readonly bytes: number;
  readonly #texts: readonly CalibrationText[];
  #last: { readonly text: CalibrationText; readonly content: string } | undefined;

  constructor(texts: readonly CalibrationText[]) {
    this.#texts = texts;
    this.bytes = texts.reduce((sum, text) => sum + text.bytes, 0);
  }

  /** About `length` characters from byte `start` on, across texts, beginning at a line. */
  async read(start: number, length: number): Promise<string> {
    let result = "";
    let from = 0;
    for (const text of this.#texts) {
      if (result.length >= length) break;
      const offset = Math.max(0, start - from);
      from += text.bytes;
      if (offset >= text.bytes) continue;
      const content = await this.#content(text);
      const line = offset === 0 ? 0 : content.indexOf("\n", Math.min(offset, content.length)) + 1;
      if (offset === 0 || line > 0) result += content.slice(line, line + length - result.length);
    }
    return result;
  }

  async #content(text: CalibrationText): Promise<string> {
    if (this.#last?.text !== text) this.#last = { text, content: await text.read() };
    return this.#last.content;
  }
}
