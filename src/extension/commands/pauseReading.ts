import * as vscode from "vscode";
import { contextKeys } from "../../shared/contributions";
import { Pause } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";

/**
 * Holds reading in the background back, or lets it go on.
 * @throws ResponseError of the engine
 */
export async function pauseReading(engine: EngineClient, paused: boolean): Promise<void> {
  await engine.request(Pause, { paused });
}

/** Keeps the context key that tells the two commands apart. */
export function followPaused(engine: EngineClient): vscode.Disposable {
  let told: boolean | undefined;
  return engine.onDidChangeStatus(({ paused = false }) => {
    if (paused === told) return;
    told = paused;
    void vscode.commands.executeCommand("setContext", contextKeys.paused, paused);
  });
}
