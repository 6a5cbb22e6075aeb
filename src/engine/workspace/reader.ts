import { readFile } from "node:fs/promises";
import path from "node:path";
import { URI } from "vscode-uri";
import { userErrors } from "../../shared/errors";
import { sha256 } from "../disk";
import { classifyBytes } from "./content";
import type { Document, ReadText } from "./types";

/**
 * A reader of the documents of a snapshot.
 * @param buffers the unsaved buffers that the snapshot saw, by uri
 * @returns rejects with LS-105 when a file changed or vanished since the snapshot
 */
export function createReader(buffers: ReadonlyMap<string, string> = new Map()): ReadText {
  return async (document) => {
    const buffer = buffers.get(document.uri);
    if (buffer !== undefined && sha256(buffer) === document.contentHash) return buffer;
    return readDocument(document);
  };
}

async function readDocument(document: Document): Promise<string> {
  const { fsPath } = URI.parse(document.uri);
  let data: Uint8Array;
  try {
    data = await readFile(fsPath);
  } catch (error) {
    throw userErrors.fileChanged(document.path, error);
  }
  const { text, contentHash } = classifyBytes(path.basename(fsPath), data);
  if (text === null || contentHash !== document.contentHash) throw userErrors.fileChanged(document.path);
  return text;
}
