import type { Command } from "commander";
import type { Backend, ModelEntry } from "../../shared/protocol";
import { describeError, type Log } from "../../engine/log";
import { downloadModel } from "../../engine/model/download";
import { resolveModel } from "../../engine/model/files";
import { loadLlama } from "../../engine/model/llama";
import { listModels, thisMachine } from "../../engine/model/recommend";
import type { Device } from "../../engine/native";
import { formatSize, formatTable } from "../format";
import { openSession } from "../session";

export function addModelCommand(program: Command, signal: AbortSignal): void {
  const model = program.command("model").description("list, download and find models");
  addList(model, signal);
  addGet(model, signal);
  addPath(model, signal);
}

function addList(model: Command, signal: AbortSignal): void {
  const command = model
    .command("list")
    .description("models to choose from, and which one suits this machine")
    .addHelpText("after", "\nExample:\n  longsight model list\n")
    .action(async () => {
      const { output, settings, log } = openSession(command, signal);
      const devices = await devicesHere(settings.backend, log);
      const models = await listModels(settings.dataDir, thisMachine(devices));
      output.event({ type: "models", models });
      output.text(formatModels(models));
    });
}

/** Devices to compute on; none when the native build cannot be used: models can be chosen and downloaded all the same. */
async function devicesHere(backend: Backend, log: Log): Promise<readonly Device[]> {
  try {
    return (await loadLlama({ gpu: backend, log })).devices;
  } catch (error) {
    log.debug(`The devices are not known: ${describeError(error)}`);
    return [];
  }
}

function addGet(model: Command, signal: AbortSignal): void {
  const command = model
    .command("get")
    .description("download a model; goes on where an earlier download stopped")
    .argument("<id>", "id of the catalogue")
    .addHelpText("after", "\nExample:\n  longsight model get qwen2.5-coder-1.5b-instruct\n")
    .action(async (id: string) => {
      const { output, settings } = openSession(command, signal);
      const { path } = await downloadModel(id, settings.dataDir, { signal, onProgress: output.progress });
      output.event({ type: "model", id, path });
      output.text(`${path}\n`);
    });
}

function addPath(model: Command, signal: AbortSignal): void {
  const command = model
    .command("path")
    .description("print the file of a model that is on this machine")
    .argument("[id]", "id of the catalogue or path (default: what --model means)")
    .addHelpText("after", "\nExample:\n  longsight model path qwen2.5-coder-0.5b-instruct\n")
    .action(async (id: string | undefined) => {
      const { output, settings } = openSession(command, signal);
      const file = await resolveModel(id ?? settings.model, settings.dataDir);
      output.event({ type: "model", id: file.id, path: file.path, sizeBytes: file.sizeBytes });
      output.text(`${file.path}\n`);
    });
}

function formatModels(models: readonly ModelEntry[]): string {
  const rows = models.map((model) => [
    model.recommended ? "*" : " ",
    model.id,
    model.parameters,
    formatSize(model.sizeBytes),
    model.license,
    model.path === null ? "" : "here",
    model.note,
  ]);
  return `${formatTable(rows, [3])}\n* suits this machine best; download with 'longsight model get ID'\n`;
}
