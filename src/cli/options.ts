/** Options of the command line and the engine settings that they become. */
import { type Command, InvalidArgumentError, Option } from "commander";
import path from "node:path";
import { defaultSettings } from "../shared/defaults";
import { settingRanges as ranges } from "../shared/ranges";
import type { Backend, EngineSettings, EsaPositions, EsaVote, Reading } from "../shared/protocol";
import { splitServer } from "../shared/rpcServer";
import { defaultDataDir } from "./dataDir";

/** Options of every command. */
export interface CommonOptions {
  readonly model: string;
  readonly budget: number;
  readonly dataDir: string;
  readonly backend: Backend;
  readonly rpc: readonly string[];
  readonly kvPlacement: EngineSettings["kvPlacement"];
  readonly threads: number;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

interface ReadingOptions {
  readonly exclude: readonly string[];
  readonly pin: readonly string[];
  readonly scope: readonly string[];
  readonly outlines: boolean;
  readonly reading: Reading;
  readonly maxFileBytes: number;
}

interface AttentionOptions {
  readonly initial: number;
  readonly local: number;
  readonly top: number;
  readonly proximity: number;
  readonly projection: number;
  readonly vote: EsaVote;
  readonly positions: EsaPositions;
}

interface AnswerOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  readonly seed: number;
  readonly focus: boolean;
}

export type SettingOptions = CommonOptions & Partial<ReadingOptions & AttentionOptions & AnswerOptions>;

/** Adds the options that every command knows; they may stand before or after the command. */
export function addCommonOptions(program: Command): Command {
  const add = (flags: string, description: string, value: unknown, shown: string): Option =>
    new Option(flags, description).default(value, shown);
  return program
    .addOption(add("--model <id|path>", "model of the catalogue, or a GGUF file", "", "the best one that is here"))
    .addOption(
      add("--budget <tokens>", "most tokens of the context", 0, "what fits").argParser(integer(...ranges.budget)),
    )
    .option("--data-dir <dir>", "folder for models, caches and traces", (dir) => path.resolve(dir), defaultDataDir())
    .addOption(
      new Option("--backend <name>", "where to compute")
        .choices(["auto", "cpu", "cuda", "vulkan", "metal"])
        .default(defaultSettings.backend),
    )
    .addOption(add("--rpc <host:port,...>", "RPC servers that take the layers", [], "none").argParser(servers))
    .addOption(
      new Option("--kv-placement <where>", "where keys and values are kept")
        .choices(["auto", "device", "host"])
        .default(defaultSettings.kvPlacement),
    )
    .addOption(add("--threads <n>", "CPU threads", 0, "all physical cores").argParser(integer(...ranges.threads)))
    .option("--json", "one JSON object per line on standard output")
    .option("--quiet", "no progress and no remarks")
    .option("--verbose", "log every step on standard error");
}

/** Options of the commands that look through a folder. */
export function addReadingOptions(command: Command): Command {
  const { maxFileBytes } = defaultSettings;
  return command
    .addOption(new Option("--exclude <glob...>", "leave these files out, besides the ignore files").default([], "none"))
    .addOption(new Option("--pin <glob...>", "files that go in before all else").default([], "none"))
    .addOption(new Option("--scope <folder...>", "only these folders").default([], "all"))
    .option("--no-outlines", "leave files out for which there is no room, instead of outlining them")
    .addOption(
      new Option("--reading <how>", "each file by itself, or from left to right")
        .choices(["perFile", "contextual"])
        .default(defaultSettings.reading),
    )
    .option("--max-file-bytes <n>", "leave larger files out", integer(...ranges.maxFileBytes), maxFileBytes);
}

/** Options of the commands that read with the model. */
export function addAttentionOptions(command: Command): Command {
  const { esa } = defaultSettings;
  return command
    .option(
      "--initial <n>",
      "tokens at the start that are always attended",
      integer(...ranges.esa.initial),
      esa.initial,
    )
    .option(
      "--local <n>",
      "tokens before the current ones that are always attended",
      integer(...ranges.esa.local),
      esa.local,
    )
    .option("--top <n>", "tokens selected per layer and step", integer(...ranges.esa.top), esa.top)
    .option("--proximity <n>", "neighbours that share a token's score", integer(...ranges.esa.proximity), esa.proximity)
    .option("--projection <n>", "width of the compressed keys", integer(...ranges.esa.projection), esa.projection)
    .addOption(new Option("--vote <how>", "how heads agree").choices(["sum", "norm"]).default(esa.vote))
    .addOption(
      new Option("--positions <how>", "where far tokens are seen")
        .choices(["far", "ordered", "true"])
        .default(esa.positions),
    );
}

/** Options of the commands that answer. */
export function addAnswerOptions(command: Command): Command {
  const { maxAnswerTokens, temperature, topP, minP, seed, focus } = defaultSettings;
  return command
    .option("--max-tokens <n>", "longest answer", integer(...ranges.maxAnswerTokens), maxAnswerTokens)
    .option("--temperature <x>", "0: always the most probable token", decimal(...ranges.temperature), temperature)
    .option("--top-p <x>", "nucleus sampling", decimal(...ranges.topP), topP)
    .option("--min-p <x>", "least probability, relative to the best token", decimal(...ranges.minP), minP)
    .option("--seed <n>", "same seed, same answer", integer(...ranges.seed), seed)
    .option(focus ? "--no-focus" : "--focus", "read what the question selected again, right before the answer", focus);
}

/** What the engine is told; an option that a command does not have keeps its default. */
export function toSettings(options: SettingOptions): EngineSettings {
  const { esa } = defaultSettings;
  return {
    dataDir: options.dataDir,
    model: options.model,
    budget: options.budget,
    backend: options.backend,
    rpcServers: options.rpc,
    kvPlacement: options.kvPlacement,
    threads: options.threads,
    maxFileBytes: options.maxFileBytes ?? defaultSettings.maxFileBytes,
    exclude: options.exclude ?? defaultSettings.exclude,
    pinned: options.pin ?? defaultSettings.pinned,
    scope: options.scope ?? defaultSettings.scope,
    outlines: options.outlines ?? defaultSettings.outlines,
    reading: options.reading ?? defaultSettings.reading,
    backgroundReading: "never",
    focus: options.focus ?? defaultSettings.focus,
    maxAnswerTokens: options.maxTokens ?? defaultSettings.maxAnswerTokens,
    temperature: options.temperature ?? defaultSettings.temperature,
    topP: options.topP ?? defaultSettings.topP,
    minP: options.minP ?? defaultSettings.minP,
    seed: options.seed ?? defaultSettings.seed,
    esa: {
      initial: options.initial ?? esa.initial,
      local: options.local ?? esa.local,
      top: options.top ?? esa.top,
      proximity: options.proximity ?? esa.proximity,
      projection: options.projection ?? esa.projection,
      vote: options.vote ?? esa.vote,
      positions: options.positions ?? esa.positions,
    },
  };
}

/** Reads `host:port,host:port`. */
function servers(text: string): readonly string[] {
  const all = text.split(",").map((server) => server.trim());
  const wrong = all.find((server) => splitServer(server) === null);
  if (wrong !== undefined) throw new InvalidArgumentError(`'${wrong}' is not 'host:port'.`);
  return all;
}

/** Reads a whole number of at least `least`. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      const upper = most === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${most}`;
      throw new InvalidArgumentError(`It must be a whole number of at least ${least}${upper}.`);
    }
    return value;
  };
}

function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    }
    return value;
  };
}
