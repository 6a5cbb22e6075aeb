import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Command } from "commander";
import { toErrorValue } from "../../shared/errors";
import { createMcpServer } from "../mcp/server";
import { addAnswerOptions, addAttentionOptions, addReadingOptions } from "../options";
import { openSession, rootsOf, withRoots } from "../session";

export function addMcpCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("mcp")
    .description("serve questions of other programs over the Model Context Protocol, on standard input and output")
    .argument("[dir...]", "folders of the workspace", ["."])
    .option("--read", "read the workspace at once, instead of at the first question")
    .addHelpText("after", "\nExamples:\n  longsight mcp .\n  longsight mcp services/api services/web --read\n");
  addAnswerOptions(addAttentionOptions(addReadingOptions(command))).action(
    async (dirs: string[], options: { readonly read?: true }) => {
      const session = openSession(command, signal);
      const roots = rootsOf(dirs);
      await withRoots(session, roots, async (pipeline) => {
        const server = createMcpServer({ pipeline, roots, maxAnswerTokens: session.settings.maxAnswerTokens });
        await server.connect(new StdioServerTransport());
        if (options.read === true) {
          pipeline.read({ signal }).catch((error: unknown) => {
            const { code, message } = toErrorValue(error);
            session.log.error(`the workspace was not read: ${message} [${code}]`);
          });
        }
        await inputEnds(signal);
        await server.close();
      });
    },
  );
}

/** Resolves when the client closes standard input, or at Ctrl-C. */
function inputEnds(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => resolve();
    process.stdin.once("end", end);
    process.stdin.once("close", end);
    signal.addEventListener("abort", end, { once: true });
  });
}
