/** Checks of what webviews send: they are not trusted, so each message is parsed before it is used. */
import { z } from "zod";
import type { AskViewCommand } from "../../shared/views";

const id = z.string().min(1).max(200);
const uri = z.string().min(1).max(4096);
const line = z.int().min(1);
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
  "addSelection",
  "smallerContext",
] as const satisfies readonly AskViewCommand[];

const traceQuery = {
  id,
  steps: interval.optional(),
  layers: interval.optional(),
  phase: z.enum(["question", "answer"]).optional(),
};

export const askMessages = {
  ask: z.object({ question: z.string().min(1).max(1_000_000) }),
  retry: z.object({ id }),
  openCitation: z.object({
    citation: z.object({ uri, startLine: line, endLine: line }),
    toSide: z.boolean(),
  }),
  openFile: z.object({ uri }),
  copy: z.object({ text: z.string().max(10_000_000) }),
  showAttention: z.object({ trace: id }),
  command: z.object({ command: z.enum(askViewCommands) }),
  downloadModel: z.object({ id }),
};

export const heatmapMessages = {
  query: z.object(traceQuery),
  file: z.object({ ...traceQuery, path: z.string().min(1).max(4096), lines: interval }),
  open: z.object({ path: z.string().min(1).max(4096), line }),
};

export const planMessages = {
  open: z.object({ uri }),
};
