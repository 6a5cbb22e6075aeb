import { isAbsolute } from "node:path";
import { z } from "zod";
import { userErrors } from "../shared/errors";
import type { EngineSettings } from "../shared/protocol";

const count = (least: number, most: number) => z.number().int().min(least).max(most);

const esaSchema = z.strictObject({
  initial: count(0, 65_536),
  local: count(1, 131_072),
  top: count(1, 131_072),
  proximity: count(0, 64),
  projection: count(8, 1024),
  vote: z.enum(["sum", "norm"]),
  positions: z.enum(["far", "ordered", "true"]),
});

const settingsSchema = z.strictObject({
  dataDir: z.string().refine(isAbsolute, "must be an absolute path"),
  model: z.string(),
  budget: count(0, 2 ** 31 - 1),
  backend: z.enum(["auto", "cpu", "cuda", "vulkan", "metal"]),
  kvPlacement: z.enum(["auto", "device", "host"]),
  threads: count(0, 512),
  maxFileBytes: count(1, 2 ** 31 - 1),
  exclude: z.array(z.string()),
  maxAnswerTokens: count(1, 8192),
  temperature: z.number().min(0).max(2),
  topP: z.number().min(0).max(1),
  minP: z.number().min(0).max(1),
  seed: count(0, 2 ** 32 - 1),
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
  const name = issue === undefined || issue.path.length === 0 ? "settings" : issue.path.join(".");
  throw userErrors.badArgument(name, issue?.message ?? "they are not valid");
}

/** What must be made anew when settings change; the dearest part comes first and includes those after it. */
export type SettingsChange = "model" | "context" | "plan" | "answer" | "none";

/** What a change of settings touches. */
export function compareSettings(before: EngineSettings, after: EngineSettings): SettingsChange {
  const differ = (...names: readonly (keyof EngineSettings)[]): boolean =>
    names.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (differ("model", "backend", "dataDir")) return "model";
  if (differ("esa", "threads", "kvPlacement")) return "context";
  if (differ("budget", "maxFileBytes", "exclude", "maxAnswerTokens")) return "plan";
  return differ("temperature", "topP", "minP", "seed") ? "answer" : "none";
}
