import { userErrors } from "../../shared/errors";
import { sha256 } from "../disk";
import { classifyBytes } from "./content";
import { fileErrorCode } from "./fileSystem";
import { FileSystems } from "./fileSystems";
import type { Document, ReadText } from "./types";

/**
 * A reader of the documents of a snapshot: the one way to a document's text.
 * @param buffers the unsaved buffers that the snapshot saw, by uri
 * @returns rejects with LS-105 when a file changed or vanished since the snapshot
 */
export function createReader(
  buffers: ReadonlyMap<string, string> = new Map(),
  files: FileSystems = new FileSystems(),
): ReadText {
  return async (document) => {
    const buffer = buffers.get(document.uri);
    if (buffer !== undefined && sha256(buffer) === document.contentHash) return buffer;
    return readDocument(document, files);
  };
}

async function readDocument(document: Document, files: FileSystems): Promise<string> {
  const read = await readText(document.uri, files, document.bytes).catch((error: unknown) => {
    if (fileErrorCode(error) === undefined) throw error;
    throw userErrors.fileChanged(document.path, error);
  });
  if (read?.contentHash !== document.contentHash) throw userErrors.fileChanged(document.path);
  return read.text;
}

/**
 * Text of a file as it is now, decoded as in every snapshot.
 * @param within URI of the folder that it must be in, links resolved
 * @returns null when it is no text, larger than `maxBytes`, or keeps changing
 * @throws the file system's error, or LongsightError LS-107
 */
export async function readText(
  uri: string,
  systems: FileSystems,
  maxBytes: number,
  within?: string,
): Promise<{ readonly text: string; readonly contentHash: string } | null> {
  const files = systems.of(uri);
  const data = (await files.read(files.place(uri), maxBytes, within && files.place(within)))?.data ?? null;
  if (data === null) return null;
  const { text, contentHash } = classifyBytes(baseName(uri), data);
  return text === null || contentHash === null ? null : { text, contentHash };
}

const baseName = (uri: string): string => uri.slice(uri.lastIndexOf("/") + 1);
