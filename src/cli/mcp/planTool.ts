import { z } from "zod";
import { formatPlan } from "../commands/plan";
import type { ToolCall } from "./progress";
import type { ToolContext, ToolResult } from "./tool";

const inputSchema = {
  under: z.string().max(4096).default("").describe("Only files whose path begins with this; empty: all."),
  limit: z.int().min(1).max(5000).default(200).describe("Most files that are listed."),
};

const totals = z.object({ files: z.int(), tokens: z.number() });

const outputSchema = {
  budget: z.number().describe("Tokens that fit."),
  used: z.number().describe("Tokens of the whole context."),
  included: totals,
  leftOut: totals,
  files: z.array(
    z.object({ path: z.string(), tokens: z.number(), included: z.boolean(), outline: z.boolean(), reason: z.string() }),
  ),
  more: z.int().describe("Files that are not listed because of the limit."),
  model: z.string().nullable(),
};

type Input = z.infer<z.ZodObject<typeof inputSchema>>;

/** The tool that says what goes into the context. */
export function planTool({ pipeline }: ToolContext) {
  return {
    description: {
      title: "What is in the context",
      description: "Lists the files that answers can see, and those that are left out, each with its reason.",
      inputSchema,
      outputSchema,
    },
    /** @throws LongsightError */
    run: async ({ under, limit }: Input, call: ToolCall): Promise<ToolResult> => {
      const plan = await pipeline.plan({ signal: call.signal, onProgress: call.onProgress });
      const chosen = plan.files.filter((file) => file.path.startsWith(under));
      const listed = chosen.slice(0, limit);
      const value: z.infer<z.ZodObject<typeof outputSchema>> = {
        budget: plan.budget,
        used: plan.used,
        included: { files: plan.included.files, tokens: plan.included.tokens },
        leftOut: { files: plan.leftOut.files, tokens: plan.leftOut.tokens },
        files: listed.map(({ path, tokens, included, outline, reason }) => ({
          path,
          tokens,
          included,
          outline: outline === true,
          reason,
        })),
        more: chosen.length - listed.length,
        model: plan.model,
      };
      const more = value.more > 0 ? `\n${value.more} more files are not listed.\n` : "";
      return { text: formatPlan({ ...plan, files: listed }, true) + more, value };
    },
  };
}
