/** Checks of what webviews send: they are not trusted, so each message is parsed before it is used. */
import { z } from "zod";
import { settingRanges } from "../../shared/ranges";
import type { AskViewCommand, PlanAction } from "../../shared/views";

const id = z.string().min(1).max(200);
const uri = z.string().min(1).max(4096);
const line = z.int().min(1);
const label = z.string().min(1).max(500);
const interval = z.tuple([z.int().min(0), z.int().min(0)]).readonly();

const askViewCommands = [
  "readWorkspace",
  "chooseModel",
  "locateModel",
  "showContextPlan",
  "openLog",
  "restartEngine",
  "manageTrust",
  "cancelReading",
  "openFolder",
  "pauseDownload",
  "pauseReading",
  "resumeReading",
  "smallerContext",
] as const satisfies readonly AskViewCommand[];

const traceQuery = {
  id,
  steps: interval.optional(),
  layers: interval.optional(),
  phase: z.enum(["question", "answer"]).optional(),
};

export const askMessages = {
  ask: z.object({
    question: z.string().min(1).max(1_000_000),
    selection: z.object({ range: z.object({ uri, startLine: line, endLine: line }), label }).nullable(),
    mentions: z
      .array(z.object({ uri, startLine: line.optional(), endLine: line.optional(), label }))
      .max(64)
      .readonly(),
    replaces: id.nullable(),
  }),
  retry: z.object({ id }),
  openCitation: z.object({
    citation: z.object({ uri, startLine: line, endLine: line }),
    toSide: z.boolean(),
  }),
  openFile: z.object({ uri }),
  copy: z.object({ text: z.string().max(10_000_000) }),
  showAttention: z.object({ trace: id }),
  command: z.object({ command: z.enum(askViewCommands) }),
  model: z.object({ id }),
  history: z.object({ query: z.string().max(1000) }),
  conversation: z.object({ id }),
  renameConversation: z.object({ id, title: z.string().trim().min(1).max(200) }),
  findMentions: z.object({ text: z.string().max(500) }),
  dropped: z.object({ uris: z.array(uri).max(64).readonly() }),
  preview: z.object({ uri, startLine: line, endLine: line }),
  nothing: z.object({}),
};

const below = z.string().max(4096);
const scope = { below, pixels: z.number().min(0).max(1e9) };
const path = z.string().min(1).max(4096);
const query = z.object(traceQuery);

/** Base64 of a picture, or the text of one, may be some megabytes. */
const pictureCharacters = 64 * 2 ** 20;

export const heatmapMessages = {
  map: z.object({ id, ...scope }),
  sums: z.object({ ...traceQuery, map: z.object(scope), on: id.optional() }),
  rows: z.object({
    query,
    shown: query.optional(),
    other: query.optional(),
    unit: z.enum(["files", "symbols", "lines"]),
    below,
    filter: z.string().max(500),
    sort: z.enum(["name", "tokens", "selected", "share", "lift", "difference"]),
    descending: z.boolean(),
    rows: interval,
  }),
  compareAnswers: z.object({ first: query, second: query }),
  file: z.object({ ...traceQuery, path, lines: interval }),
  open: z.object({ path, line }),
  compare: z.object({ on: z.boolean() }),
  export: z.object({
    format: z.enum(["png", "svg", "html", "json"]),
    content: z.string().max(pictureCharacters).nullable(),
  }),
};

const planActions = ["pin", "unpin", "leaveOut", "limitToFolder"] as const satisfies readonly PlanAction[];

export const planMessages = {
  open: z.object({ uri }),
  change: z.object({ action: z.enum(planActions), path }),
  budget: z.object({ tokens: z.int().min(settingRanges.budget[0]).max(settingRanges.budget[1]) }),
};
