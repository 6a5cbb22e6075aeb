import { open } from "node:fs/promises";
import path from "node:path";
import { type Content, classifyBytes, noText } from "./content";

const ATTEMPTS = 3;

/** What one attempt to read a file gave. */
export interface FileContent {
  readonly content: Content;
  readonly bytes: number;
  readonly mtimeMs: number;
}

/**
 * Reads a whole file as it is at one moment: a file that changes meanwhile is read again.
 * @param maxBytes larger files are not read
 * @returns null when the file keeps changing
 * @throws the system's error when it cannot be opened or read
 */
export async function readStable(file: string, maxBytes: number): Promise<FileContent | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const read = await readOnce(file, maxBytes);
    if (read !== null) return read;
  }
  return null;
}

async function readOnce(file: string, maxBytes: number): Promise<FileContent | null> {
  const handle = await open(file, "r");
  try {
    const { size, mtimeMs } = await handle.stat();
    if (size > maxBytes) return { content: oversized(size, maxBytes), bytes: size, mtimeMs };
    // One byte more than expected shows a file that grew.
    const buffer = Buffer.allocUnsafe(size + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length >= size) break;
    }
    const after = await handle.stat();
    if (length !== size || after.size !== size || after.mtimeMs !== mtimeMs) return null;
    return { content: classifyBytes(path.basename(file), buffer.subarray(0, size)), bytes: size, mtimeMs };
  } finally {
    await handle.close();
  }
}

/** A file over the size limit. */
export function oversized(bytes: number, maxBytes: number): Content {
  return noText(bytes, `larger than ${Math.round(maxBytes / 1024).toLocaleString("en")} KB`);
}
