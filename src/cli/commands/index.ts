import type { Command } from "commander";
import { formatCount, formatDuration, formatSize } from "../format";
import { addAttentionOptions, addReadingOptions } from "../options";
import { openSession, withPipeline } from "../session";

export function addIndexCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("index")
    .description("read the repository now, so that the first question is answered at once")
    .argument("<dir>", "folder of the repository")
    .option("--rebuild", "read everything anew, whatever is stored")
    .addHelpText("after", "\nExamples:\n  longsight index .\n  longsight index . --rebuild --budget 30000 --json\n");
  addAttentionOptions(addReadingOptions(command)).action(async (dir: string, options: { readonly rebuild?: true }) => {
    const session = openSession(command, signal);
    const { output } = session;
    const result = await withPipeline(session, dir, (pipeline) =>
      pipeline.read({ rebuild: options.rebuild === true, signal, onProgress: output.progress }),
    );
    output.event({ type: "index", ...result });
    output.text(
      `Read ${formatCount(result.tokens)} tokens in ${formatDuration(result.seconds)}: ` +
        `${formatCount(result.prefilled)} new, ${formatCount(result.reused)} from before; ` +
        `snapshot ${formatSize(result.snapshotBytes)}.\n`,
    );
  });
}
