import { isAbsolute } from "node:path";
import { z } from "zod";
import { userErrors } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";
import { settingRanges as ranges } from "../shared/ranges";
import { splitServer } from "../shared/rpcServer";

const number = ([least, most]: readonly [number, number]) =>
  z.number().min(least, `it must be at least ${least}`).max(most, `it must be at most ${most}`);
const count = (range: readonly [number, number]) => number(range).int("it must be a whole number");

const esaSchema = z.strictObject({
  initial: count(ranges.esa.initial),
  local: count(ranges.esa.local),
  top: count(ranges.esa.top),
  proximity: count(ranges.esa.proximity),
  projection: count(ranges.esa.projection),
  vote: z.enum(["sum", "norm"]),
  positions: z.enum(["far", "ordered", "true"]),
});

const settingsSchema = z.strictObject({
  dataDir: z.string().refine(isAbsolute, "must be an absolute path"),
  model: z.string(),
  budget: count(ranges.budget),
  backend: z.enum(["auto", "cpu", "cuda", "vulkan", "metal"]),
  rpcServers: z.array(z.string().refine((server) => splitServer(server) !== null, "must be 'host:port'")).max(64),
  kvPlacement: z.enum(["auto", "device", "host"]),
  threads: count(ranges.threads),
  maxFileBytes: count(ranges.maxFileBytes),
  exclude: z.array(z.string()),
  excludeIn: z.record(z.string(), z.array(z.string())).optional(),
  pinned: z.array(z.string()),
  scope: z.array(z.string()),
  outlines: z.boolean(),
  reading: z.enum(["perFile", "contextual"]),
  backgroundReading: z.enum(["always", "onMains", "never"]),
  focus: z.boolean(),
  maxAnswerTokens: count(ranges.maxAnswerTokens),
  temperature: number(ranges.temperature),
  topP: number(ranges.topP),
  minP: number(ranges.minP),
  seed: count(ranges.seed),
  esa: esaSchema,
});

/**
 * Settings as a client sent them, checked.
 * @throws LongsightError LS-601 naming the first setting that is wrong
 */
export function parseSettings(value: unknown): EngineSettings {
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw userErrors.badArgument(settingName(issue?.path ?? []), issue?.message ?? "they are not valid");
}

const GROUPS: Readonly<Record<string, string>> = {
  esa: "attention",
  exclude: "files.exclude",
  excludeIn: "files.exclude",
  pinned: "files.pinned",
  scope: "files.scope",
  outlines: "files.outlines",
  reading: "reading.method",
  backgroundReading: "reading.inBackground",
  focus: "answer.focus",
  maxFileBytes: "files.maxBytes",
  maxAnswerTokens: "answer.maxTokens",
  temperature: "answer.temperature",
  topP: "answer.topP",
  minP: "answer.minP",
  seed: "answer.seed",
};

/** As the setting is called in an editor. */
function settingName([first, ...rest]: readonly PropertyKey[]): string {
  if (first === undefined) return "settings";
  return ["longsight", GROUPS[String(first)] ?? String(first), ...rest.map(String)].join(".");
}

/** What must be made anew when settings change; the dearest part comes first and includes those after it. */
export type SettingsChange = "model" | "context" | "plan" | "answer" | "none";

/** What a change of settings touches. */
export function compareSettings(before: EngineSettings, after: EngineSettings): SettingsChange {
  const differ = (...names: readonly (keyof EngineSettings)[]): boolean =>
    names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (differ("model", "backend", "rpcServers", "dataDir")) return "model";
  if (differ("esa", "threads", "kvPlacement", "reading")) return "context";
  if (differ("budget", "maxFileBytes", "exclude", "excludeIn", "pinned", "scope", "outlines", "maxAnswerTokens"))
    return "plan";
  return differ("temperature", "topP", "minP", "seed", "focus", "backgroundReading") ? "answer" : "none";
}
