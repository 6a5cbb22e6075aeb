/** What every command gets: its output, its settings, the signal of Ctrl-C, and a pipeline that is taken down afterwards. */
import type { Command } from "commander";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { EngineSettings } from "../shared/protocol";
import { createLog, type Log } from "../engine/log";
import { Pipeline } from "../engine/pipeline";
import type { WorkspaceRoot } from "../engine/workspace/types";
import { type SettingOptions, toSettings } from "./options";
import { Output } from "./output";

export interface Session {
  readonly output: Output;
  readonly settings: EngineSettings;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Ends a command that has printed what is wrong: the exit code says that the user can mend it. */
export class ReportedFailure extends Error {}

/** Makes the session of a command from its options. */
export function openSession(command: Command, signal: AbortSignal): Session {
  const options = command.optsWithGlobals<SettingOptions>();
  const output = new Output({ json: options.json === true, quiet: options.quiet === true });
  const level = options.verbose === true ? "debug" : output.quiet ? "error" : "warn";
  const log = createLog((line) => {
    output.log(line);
  }, level);
  return { output, settings: toSettings(options), log, signal };
}

/** Runs `work` with a pipeline over one folder. */
export function withPipeline<T>(
  session: Session,
  folder: string,
  work: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  return withRoots(session, rootsOf([folder]), work);
}

/** Runs `work` with a pipeline over several folders. */
export async function withRoots<T>(
  session: Session,
  roots: readonly WorkspaceRoot[],
  work: (pipeline: Pipeline) => Promise<T>,
): Promise<T> {
  const pipeline = new Pipeline({ roots, settings: session.settings, log: session.log });
  try {
    return await work(pipeline);
  } finally {
    await pipeline.dispose();
  }
}

/** Folders as roots of a workspace. */
export function rootsOf(folders: readonly string[]): WorkspaceRoot[] {
  return folders.map((folder) => {
    const root = path.resolve(folder);
    return { uri: pathToFileURL(root).href, name: path.basename(root) };
  });
}
