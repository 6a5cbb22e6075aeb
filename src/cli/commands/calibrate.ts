import type { Command } from "commander";
import { formatCount, formatDuration } from "../format";
import { addAttentionOptions, addReadingOptions } from "../options";
import { openSession, withPipeline } from "../session";

export function addCalibrateCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("calibrate")
    .description("compute the model's compressed keys anew from a folder's text; done by itself when needed")
    .argument("[dir]", "folder whose text is read", ".")
    .addHelpText("after", "\nExamples:\n  longsight calibrate\n  longsight calibrate ~/src/project --projection 128\n");
  addAttentionOptions(addReadingOptions(command)).action(async (dir: string) => {
    const session = openSession(command, signal);
    const { output } = session;
    const result = await withPipeline(session, dir, (pipeline) =>
      pipeline.calibrate({ signal, onProgress: output.progress }),
    );
    output.event({ type: "calibrate", ...result });
    output.text(
      `Calibrated ${result.model} on ${formatCount(result.tokens)} tokens in ${formatDuration(result.seconds)}: ` +
        `width ${result.projection}, vote ${result.vote}.\n${result.path}\n`,
    );
  });
}
