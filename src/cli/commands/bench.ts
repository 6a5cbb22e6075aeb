import { cpus, totalmem } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type BenchMode, benchModes, type BenchResult, type BenchRow, runBench } from "../../engine/bench/run";
import type { ShapeName } from "../../engine/bench/randomModel";
import { formatCount, formatSize, formatTable } from "../format";
import { addAttentionOptions, integer } from "../options";
import { openSession } from "../session";

interface BenchCommandOptions {
  readonly modes: readonly BenchMode[];
  readonly depths: readonly number[];
  readonly shape?: Exclude<ShapeName, "tiny">;
  readonly chunk: number;
  readonly tokens: number;
  readonly repetitions: number;
}

export function addBenchCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("bench")
    .description("measure selective against dense attention at depth, on this machine")
    .option("--modes <list>", "dense, esa or both, with commas", toModes, [...benchModes])
    .option("--depths <list>", "tokens in the cache, with commas", toDepths, [2048, 4096, 16_384, 32_768])
    .addOption(
      new Option("--shape <name>", "random weights of this shape (default without --model: 1.5b)").choices([
        "0.5b",
        "1.5b",
        "8b",
        "8b-attention",
      ]),
    )
    .option("--chunk <n>", "tokens that are read at once", integer(1), 512)
    .option("--tokens <n>", "tokens in one decode measurement", integer(1), 16)
    .option("--repetitions <n>", "measurements of which the median counts", integer(1), 3)
    .addHelpText(
      "after",
      "\nExamples:\n  longsight bench --shape 1.5b --depths 2048,32768\n" +
        "  longsight bench --model qwen2.5-coder-0.5b-instruct --modes esa --json\n",
    );
  addAttentionOptions(command).action(async (options: BenchCommandOptions) => {
    const { output, settings, log } = openSession(command, signal);
    const result = await runBench({
      modes: options.modes,
      depths: options.depths,
      shape: options.shape ?? (settings.model === "" ? "1.5b" : null),
      model: settings.model,
      threads: settings.threads,
      backend: settings.backend,
      rpcServers: settings.rpcServers,
      esa: settings.esa,
      chunk: options.chunk,
      tokens: options.tokens,
      repetitions: options.repetitions,
      dataDir: settings.dataDir,
      log,
      signal,
      onNote: (note) => {
        output.note(note);
      },
      onRow: (row) => {
        output.note(`${row.mode} at ${formatCount(row.depth)}: ${row.decode.toFixed(2)} tokens/s`);
        output.event({ type: "row", ...row });
      },
    });
    const machine = thisComputer();
    const parameters = {
      ...settings.esa,
      chunk: options.chunk,
      tokens: options.tokens,
      repetitions: options.repetitions,
    };
    output.event({ type: "bench", ...result, parameters, machine });
    output.text(formatBench(result, machine));
  });
}

/** What the figures were measured on. */
function thisComputer(): { readonly cpu: string; readonly cores: number; readonly memoryBytes: number } {
  const all = cpus();
  return { cpu: all[0]?.model.trim() ?? "unknown", cores: all.length, memoryBytes: totalmem() };
}

function formatBench(result: BenchResult, machine: ReturnType<typeof thisComputer>): string {
  const title =
    `${result.model}; ${result.backend}, ${result.threads} threads; ${machine.cpu}, ${machine.cores} cores, ` +
    `${formatSize(machine.memoryBytes)}\n\n`;
  const dense = (depth: number): BenchRow | undefined =>
    result.rows.find((row) => row.mode === "dense" && row.depth === depth);
  const rows = result.rows.map((row) => {
    const base = row.mode === "esa" ? dense(row.depth) : undefined;
    return [
      formatCount(row.depth),
      row.mode,
      row.decode.toFixed(2),
      base === undefined ? "" : `${(row.decode / base.decode).toFixed(2)} x`,
      row.prefill.toFixed(1),
      base === undefined ? "" : `${(row.prefill / base.prefill).toFixed(2)} x`,
    ];
  });
  return title + formatTable([["depth", "mode", "decode", "", "prefill", ""], ...rows], [0, 2, 3, 4, 5]);
}

function toModes(text: string): readonly BenchMode[] {
  const names = text.split(",");
  const modes = benchModes.filter((mode) => names.includes(mode));
  if (modes.length === 0 || modes.length !== new Set(names).size) {
    throw new InvalidArgumentError(`It must be some of ${benchModes.join(",")}.`);
  }
  return modes;
}

function toDepths(text: string): readonly number[] {
  return text.split(",").map(integer(1, 1 << 24));
}
