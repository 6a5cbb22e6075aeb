/** The command line: every command, and what its end means for the exit code. */
import { Command, CommanderError } from "commander";
import { isCancelled, toErrorValue } from "../shared/errors";
import { longsightVersion } from "../engine/version";
import { addAskCommand } from "./commands/ask";
import { addBenchCommand } from "./commands/bench";
import { addCalibrateCommand } from "./commands/calibrate";
import { addDoctorCommand } from "./commands/doctor";
import { addIndexCommand } from "./commands/index";
import { addMcpCommand } from "./commands/mcp";
import { addModelCommand } from "./commands/model";
import { addPlanCommand } from "./commands/plan";
import { addSelfTestCommand } from "./commands/selfTest";
import { addTraceCommand } from "./commands/trace";
import { addCommonOptions } from "./options";
import { Output } from "./output";
import { ReportedFailure } from "./session";

export const exitCodes = { done: 0, internal: 1, usage: 2, user: 3, interrupted: 130 } as const;

/**
 * Runs one command to its end and reports its error, if any.
 * @param args the arguments after the program's name
 * @param signal aborted by Ctrl-C
 * @returns the exit code
 */
export async function runProgram(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    await createProgram(signal).parseAsync(args, { from: "user" });
    return signal.aborted ? exitCodes.interrupted : exitCodes.done;
  } catch (error) {
    // Usage errors, help and version: commander has printed them.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    if (error instanceof ReportedFailure) return exitCodes.user;
    return reportError(error, args, signal);
  }
}

function createProgram(signal: AbortSignal): Command {
  // Subcommands inherit what is set before they are added.
  const program = new Command("longsight")
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError("See 'longsight --help'.")
    .description("Ask a whole codebase on your own machine, and see what the model looked at.")
    .version(longsightVersion())
    .addHelpText("after", "\nExamples:\n  longsight plan .\n  longsight ask . 'Where are settings read?'\n");
  addCommonOptions(program);
  addPlanCommand(program, signal);
  addIndexCommand(program, signal);
  addAskCommand(program, signal);
  addTraceCommand(program, signal);
  addMcpCommand(program, signal);
  addCalibrateCommand(program, signal);
  addDoctorCommand(program, signal);
  addSelfTestCommand(program, signal);
  addBenchCommand(program, signal);
  addModelCommand(program, signal);
  return program;
}

function reportError(error: unknown, args: readonly string[], signal: AbortSignal): number {
  const output = new Output({ json: args.includes("--json"), quiet: args.includes("--quiet") });
  const value = toErrorValue(error);
  output.error(value);
  if (isCancelled(error) || signal.aborted) return exitCodes.interrupted;
  if (value.code !== "LS-999") return exitCodes.user;
  output.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.internal;
}
