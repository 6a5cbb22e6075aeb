/** What the suites share: the activated extension, and waiting for something to become true. */
import * as vscode from "vscode";
import type { LongsightApi } from "../../src/extension/api";

export async function activate(): Promise<LongsightApi> {
  const extension = vscode.extensions.getExtension<LongsightApi>("longsight.longsight");
  if (extension === undefined) throw new Error("Longsight is not installed in this workbench");
  return extension.activate();
}

/** A file of the demo workspace. */
export function demoFile(path: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder === undefined) throw new Error("The workbench has no folder open");
  return vscode.Uri.joinPath(folder.uri, path);
}

/**
 * The first value that is not undefined, tried every 100 ms.
 * @throws Error naming `what` when there is none within `seconds`
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  seconds = 30,
): Promise<T> {
  for (let tries = 0; tries < seconds * 10; tries++) {
    const value = await look();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Not within ${seconds} s: ${what}`);
}

/** Changes settings of the user; what it returns changes them back. */
export async function setAll(values: Readonly<Record<string, unknown>>): Promise<() => Promise<void>> {
  const write = async (all: readonly (readonly [string, unknown])[]): Promise<void> => {
    for (const [id, value] of all) {
      await vscode.workspace.getConfiguration().update(id, value, vscode.ConfigurationTarget.Global);
    }
  };
  const settings = vscode.workspace.getConfiguration();
  const before = Object.keys(values).map((id) => [id, settings.inspect(id)?.globalValue] as const);
  await write(Object.entries(values));
  return () => write(before);
}

/** Changes a setting of the user, and back when `act` is done. */
export async function withSetting<T>(id: string, value: unknown, act: () => Promise<T>): Promise<T> {
  const restore = await setAll({ [id]: value });
  try {
    return await act();
  } finally {
    await restore();
  }
}
