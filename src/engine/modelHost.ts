import { SYSTEM_TEXT } from "./answer/prompt";
import { TokenCache } from "./context/tokens";
import { fingerprintFile } from "./disk";
import type { Log } from "./log";
import type { ChatFrame } from "./model/chatFrame";
import { type ModelFile, resolveModel } from "./model/files";
import { type LlamaRuntime, type LoadedModel, loadLlama } from "./model/llama";
import { type Operation, ProgressMeter } from "./progress";
import type { EngineSettings } from "../shared/protocol";
import path from "node:path";

/** The model that is in memory, with all that is made from it alone. */
export interface ActiveModel {
  readonly file: ModelFile;
  readonly runtime: LlamaRuntime;
  readonly model: LoadedModel;
  /** Identifies the weights. */
  readonly fingerprint: string;
  /** Its chat template around one user message, with our system text. */
  readonly frame: ChatFrame;
  readonly tokens: TokenCache;
}

/** Keeps the chosen model in memory: loaded when it is first needed, and again when another one is chosen. */
export class ModelHost {
  readonly #log: Log;
  #active: ActiveModel | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  get active(): ActiveModel | null {
    return this.#active;
  }

  /**
   * The model that the settings choose, loaded.
   * @throws LongsightError LS-2xx, LS-3xx, LS-900
   */
  async ensure(settings: EngineSettings, operation: Operation): Promise<ActiveModel> {
    const file = await resolveModel(settings.model, settings.dataDir);
    if (this.#active?.file.path === file.path && this.#active.file.sizeBytes === file.sizeBytes) return this.#active;
    await this.unload();
    const runtime = await loadLlama({ gpu: settings.backend, rpcServers: settings.rpcServers, log: this.#log });
    const meter = new ProgressMeter("load", "bytes", file.sizeBytes, operation.onProgress);
    const began = performance.now();
    const model = await runtime.loadModel(file.path, {
      ...(operation.signal !== undefined && { signal: operation.signal }),
      onProgress: (share) => meter.update(Math.round(share * file.sizeBytes)),
    });
    try {
      this.#active = {
        file,
        runtime,
        model,
        fingerprint: await fingerprintFile(file.path),
        frame: await model.chatFrame(SYSTEM_TEXT),
        tokens: new TokenCache(model, path.join(settings.dataDir, "tokens"), undefined, (error) =>
          this.#log.warn("Counted tokens are not kept for the next start", error),
        ),
      };
    } catch (error) {
      await model.dispose();
      throw error;
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.#log.info(`loaded ${file.path} (${model.facts.description}) on ${runtime.backend} in ${seconds} s`);
    if (model.facts.denseReason !== null) this.#log.warn(`${file.name} runs dense: ${model.facts.denseReason}`);
    return this.#active;
  }

  /** Frees the model. Contexts on it must be disposed before. */
  async unload(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    await active?.model.dispose();
  }
}
