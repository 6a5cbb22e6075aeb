import { z } from "zod";
import { userErrors } from "../../shared/errors";
import { formatTrace } from "../commands/trace";
import type { ToolContext, ToolResult } from "./tool";

const inputSchema = {
  trace: z.string().min(1).max(200).optional().describe("As ask_codebase returned it; default: the newest."),
  from: z.int().min(0).optional().describe("First token of the answer that counts; default: the first."),
  to: z.int().min(1).optional().describe("Token of the answer before which counting ends; default: all."),
  limit: z.int().min(1).max(1000).default(50).describe("Most files, and most lines."),
};

const outputSchema = {
  trace: z.string(),
  question: z.string(),
  asOf: z.string(),
  steps: z.int().describe("Tokens of the answer."),
  files: z.array(
    z.object({
      path: z.string(),
      tokens: z.number(),
      selected: z.int(),
      share: z.number().describe("Part of all selections."),
      lift: z.number().describe("Share divided by the file's share of the tokens: 1 is its fair share."),
    }),
  ),
  lines: z.array(z.object({ path: z.string(), line: z.int(), lift: z.number() })),
};

type Input = z.infer<z.ZodObject<typeof inputSchema>>;

/** The tool that says where attention looked while an answer was written. */
export function traceTool({ pipeline, roots }: ToolContext) {
  return {
    description: {
      title: "Where the model looked",
      description:
        "Which files and lines attention selected while an answer was written, most selected first. Selected means that " +
        "attention looked there, not that the answer follows from it.",
      inputSchema,
      outputSchema,
    },
    /** @throws LongsightError */
    run: async ({ trace, from, to, limit }: Input): Promise<ToolResult> => {
      const id = trace ?? (await pipeline.latestTrace());
      if (id === null) throw userErrors.noTraceYet(roots.map(({ name }) => name).join(", "));
      const whole = from === undefined && to === undefined;
      const index = await pipeline.traceIndex(id);
      const end = to ?? (whole ? 0 : index.summary({}).steps);
      const query = whole ? {} : { steps: [from ?? 0, end] as const };
      const summary = index.summary(query);
      const lines = index.lines(query, limit);
      const value: z.infer<z.ZodObject<typeof outputSchema>> = {
        trace: id,
        question: summary.question,
        asOf: summary.asOf,
        steps: summary.steps,
        files: summary.files
          .filter((file) => file.selected > 0)
          .slice(0, limit)
          .map(({ path, tokens, selected, share, lift }) => ({ path, tokens, selected, share, lift })),
        lines: lines.map(({ path, line, lift }) => ({ path, line, lift })),
      };
      return { text: formatTrace(summary, lines), value };
    },
  };
}
