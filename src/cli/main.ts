/** Entry of the command line: signals, a closed pipe, and the end of the process. */
import { exitCodes, runProgram } from "./program";

const interruption = new AbortController();

/** The first Ctrl-C lets the running step finish and keeps what is done; the second one ends at once. */
function interrupt(): void {
  if (interruption.signal.aborted) process.exit(exitCodes.interrupted);
  interruption.abort();
}

process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);

/** `longsight … | head` closes the pipe: nobody reads on, so there is nothing left to do. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.internal);
});

const code = await runProgram(process.argv.slice(2), interruption.signal);
// Worker threads of the native part may still be there; what was written must be out first.
process.stdout.write("", () => process.exit(code));
