/** Where model files are, and which one a setting means. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { userErrors } from "../../shared/errors";
import { catalogue, type CatalogueModel, findInCatalogue } from "./catalogue";
import { checkMagic } from "./gguf";

/** Environment variable that names one more folder with `<id>.gguf` files, for development and shared machines. */
export const MODELS_DIR_VARIABLE = "LONGSIGHT_MODELS_DIR";

/** A model file on this machine. */
export interface ModelFile {
  /** Catalogue id, or the file's name without `.gguf` for any other file. */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** null for a file that is not of the catalogue. */
  readonly entry: CatalogueModel | null;
}

/** Folder for downloaded models. */
export function modelsFolder(dataDir: string): string {
  return path.join(dataDir, "models");
}

/** Path under which a catalogue model is kept after its download. */
export function downloadedPath(dataDir: string, id: string): string {
  return path.join(modelsFolder(dataDir), `${id}.gguf`);
}

/** Folder for downloads that are not whole yet. */
export function incomingFolder(dataDir: string): string {
  return path.join(modelsFolder(dataDir), "incoming");
}

/** Where a download of a catalogue model may have left something: the whole file, or the downloader's part of it. */
export function incomingFiles(dataDir: string, id: string): readonly string[] {
  const file = path.join(incomingFolder(dataDir), `${id}.gguf`);
  return [file, `${file}.ipull`];
}

/** A download of the catalogue model stopped before its end. */
export async function isInterrupted(dataDir: string, id: string): Promise<boolean> {
  const sizes = await Promise.all(incomingFiles(dataDir, id).map(fileSize));
  return sizes.some((size) => size !== null);
}

/** The catalogue model's file, in the data folder or in the folder that LONGSIGHT_MODELS_DIR names; null when absent. */
export async function findDownloaded(dataDir: string, entry: CatalogueModel): Promise<ModelFile | null> {
  const extra = process.env[MODELS_DIR_VARIABLE];
  const folders = [modelsFolder(dataDir), ...(extra === undefined || extra === "" ? [] : [extra])];
  for (const folder of folders) {
    const file = path.join(folder, `${entry.id}.gguf`);
    const size = await fileSize(file);
    if (size !== null) return { id: entry.id, name: entry.name, path: file, sizeBytes: size, entry };
  }
  return null;
}

/** Catalogue models that are on this machine, in the order of the catalogue. */
export async function presentModels(dataDir: string): Promise<readonly ModelFile[]> {
  const found = await Promise.all(catalogue.map((entry) => findDownloaded(dataDir, entry)));
  return found.filter((file) => file !== null);
}

/**
 * The file that a setting or `--model` means: a catalogue id or the path of a GGUF file.
 * @param choice an empty string means the most able model that is on this machine
 * @throws LongsightError LS-301 neither an id nor a file, LS-302 not downloaded, LS-303 not a GGUF, LS-306 none chosen
 */
export async function resolveModel(choice: string, dataDir: string): Promise<ModelFile> {
  if (choice === "") {
    const best = (await presentModels(dataDir)).at(-1);
    if (best === undefined) throw userErrors.noModelChosen();
    return best;
  }
  const entry = findInCatalogue(choice);
  if (entry !== undefined) {
    const file = await findDownloaded(dataDir, entry);
    if (file === null) throw userErrors.modelMissing(entry.id);
    await checkMagic(file.path);
    return file;
  }
  const file = path.resolve(choice);
  const size = await fileSize(file);
  if (size === null) throw userErrors.modelUnknown(choice);
  await checkMagic(file);
  const id = path.basename(file).replace(/\.gguf$/i, "");
  return { id, name: id, path: file, sizeBytes: size, entry: findInCatalogue(id) ?? null };
}

/** Size of a regular file; null when there is none. */
async function fileSize(file: string): Promise<number | null> {
  const info = await stat(file).catch(() => null);
  return info?.isFile() === true ? info.size : null;
}
