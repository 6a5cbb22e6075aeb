import { stat } from "node:fs/promises";
import path from "node:path";
import { BoundedFolder, sha256, writeBeside } from "./disk";

/** Bytes of all marks: some thousand workspaces. */
const MAX_BYTES = 2 ** 19;

/** Folder of the marks. */
export function marksFolder(dataDir: string): BoundedFolder {
  return new BoundedFolder(path.join(dataDir, "workspaces"), ".read", MAX_BYTES);
}

/** Remembers that a workspace was read on this machine: it is read again without being asked for. @throws LongsightError LS-501 */
export async function markRead(dataDir: string, workspace: string): Promise<void> {
  const folder = marksFolder(dataDir);
  const file = fileOf(folder, workspace);
  if (await wasRead(dataDir, workspace)) return folder.touch(file);
  await writeBeside(file, `${workspace}\n`);
  await folder.trim(file);
}

/** True when all of this workspace was read once. */
export async function wasRead(dataDir: string, workspace: string): Promise<boolean> {
  return (await stat(fileOf(marksFolder(dataDir), workspace)).catch(() => null)) !== null;
}

function fileOf(folder: BoundedFolder, workspace: string): string {
  return folder.file(sha256(workspace).slice(0, 32));
}
