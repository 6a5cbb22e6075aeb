/** Fetches models of the catalogue: resumable, checked, and never visible under their name before they are whole. */
import { rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { LongsightError, userErrors } from "../../shared/errors";
import { ensureFolder, sha256File } from "../disk";
import { type Operation, ProgressMeter } from "../progress";
import { type CatalogueModel, findInCatalogue } from "./catalogue";
import { downloadedPath, findDownloaded, incomingFiles, incomingFolder } from "./files";

/** The hub must answer within this many milliseconds before a download is tried: offline is said at once. */
const REACHABLE_MS = 10_000;

/**
 * Downloads a model of the catalogue unless it is there. What was loaded stays in `models/incoming` after a failure or
 * a cancellation, and the next call goes on from there.
 * @throws LongsightError LS-301 not in the catalogue, LS-304, LS-305 other content than the catalogue names, LS-501, LS-900
 */
export async function downloadModel(id: string, dataDir: string, options: Operation = {}): Promise<{ path: string }> {
  const entry = findInCatalogue(id);
  if (entry === undefined) throw userErrors.modelUnknown(id);
  const present = await findDownloaded(dataDir, entry);
  return present === null ? fetchModel(entry, dataDir, options) : { path: present.path };
}

/**
 * Removes a model from the data folder, or what an interrupted download has left there. A file elsewhere is not touched.
 * @throws LongsightError LS-301 not in the catalogue, LS-501
 */
export async function deleteModel(id: string, dataDir: string): Promise<{ freedBytes: number }> {
  const entry = findInCatalogue(id);
  if (entry === undefined) throw userErrors.modelUnknown(id);
  let freedBytes = 0;
  for (const file of [downloadedPath(dataDir, id), ...incomingFiles(dataDir, id)]) {
    const size = (await stat(file).catch(() => null))?.size;
    if (size === undefined) continue;
    await rm(file).catch((error: unknown) => {
      throw userErrors.dataDirUnusable(path.dirname(file), error);
    });
    freedBytes += size;
  }
  return { freedBytes };
}

/** Downloads `entry` into the data folder. Apart from `downloadModel` so that tests can name their own entry. */
export async function fetchModel(
  entry: CatalogueModel,
  dataDir: string,
  options: Operation,
): Promise<{ path: string }> {
  const incoming = incomingFolder(dataDir);
  await ensureFolder(incoming);
  const file = await transfer(entry, incoming, options);
  const size = (await stat(file)).size;
  const actual = await sha256File(file, options.signal).catch((error: unknown) => {
    throw options.signal?.aborted === true ? userErrors.cancelled() : error;
  });
  if (size !== entry.sizeBytes || actual !== entry.sha256) {
    await rm(file, { force: true });
    throw userErrors.checksumMismatch(file, entry.sha256, actual);
  }
  const final = downloadedPath(dataDir, entry.id);
  await rename(file, final);
  return { path: final };
}

/** Loads the file into `folder` and returns its path; an interrupted transfer leaves a file that is gone on with. */
async function transfer(entry: CatalogueModel, folder: string, { signal, onProgress }: Operation): Promise<string> {
  throwIfCancelled(signal);
  await checkReachable(entry, signal);
  // Loaded here: it takes half a second, and only downloads need it.
  const { createModelDownloader } = await import("node-llama-cpp");
  const meter = new ProgressMeter("download", "bytes", entry.sizeBytes, onProgress);
  try {
    const downloader = await createModelDownloader({
      modelUri: entry.source,
      dirPath: folder,
      fileName: `${entry.id}.gguf`,
      deleteTempFileOnCancel: false,
      onProgress: ({ downloadedSize }) => {
        meter.update(downloadedSize);
      },
    });
    throwIfCancelled(signal);
    const file = await downloader.download(signal === undefined ? {} : { signal });
    // A cancelled transfer ends without an error.
    throwIfCancelled(signal);
    return file;
  } catch (error) {
    if (error instanceof LongsightError) throw error;
    throwIfCancelled(signal);
    throw userErrors.downloadFailed(entry.id, describe(error), error);
  }
}

/** The hub's address, as node-llama-cpp determines it. */
function hubAddress(): string {
  return process.env["MODEL_ENDPOINT"] ?? process.env["HF_ENDPOINT"] ?? "https://huggingface.co/";
}

/** Any answer will do: the downloader judges it. */
async function checkReachable(entry: CatalogueModel, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(REACHABLE_MS);
  try {
    await fetch(hubAddress(), {
      method: "HEAD",
      redirect: "manual",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  } catch (error) {
    throwIfCancelled(signal);
    throw userErrors.downloadFailed(entry.id, `${hubAddress()} cannot be reached (${describe(error)}).`, error);
  }
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw userErrors.cancelled();
}

/** Errors of `fetch` say why only in their cause. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  const { code } = cause as NodeJS.ErrnoException;
  return cause.message === "" ? (code ?? cause.name) : cause.message;
}
