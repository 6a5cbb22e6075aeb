import { randomUUID } from "node:crypto";
import path from "node:path";
import { z } from "zod";
import { userErrors } from "../../shared/errors";
import type { AnswerResult, Mention } from "../../shared/protocol";
import type { WorkspaceRoot } from "../../engine/workspace/types";
import type { ToolCall } from "./progress";
import type { ToolContext, ToolResult } from "./tool";

const line = z.int().min(1);

const inputSchema = {
  question: z.string().min(1).max(20_000).describe("The question, in plain words."),
  form: z
    .enum(["ask", "explain", "whereIs", "whoUses", "why"])
    .default("ask")
    .describe("What kind of question it is: whereIs asks for a place, whoUses for all uses, why for reasons."),
  mentions: z
    .array(
      z.object({
        path: z.string().min(1).max(4096).describe("As in context_plan."),
        startLine: line.optional(),
        endLine: line.optional(),
      }),
    )
    .max(16)
    .default([])
    .describe("Files, or lines of them, that the answer must look at."),
};

const outputSchema = {
  answer: z.string(),
  citations: z.array(
    z.object({
      path: z.string(),
      startLine: line,
      endLine: line,
      origin: z.enum(["written", "named", "selected"]).describe("selected: not written, but selected most."),
    }),
  ),
  lookedAt: z.array(z.object({ path: z.string(), lift: z.number() })),
  asOf: z.string().describe("Time of the files that the answer saw, ISO 8601."),
  files: z.int().describe("Files in the context."),
  tokens: z.int().describe("Tokens in the context."),
  stopReason: z.enum(["end", "length", "stopped"]),
  trace: z.string().describe("For attention_trace."),
};

type Input = z.infer<z.ZodObject<typeof inputSchema>>;

/** The tool that answers questions. */
export function askTool({ pipeline, roots, maxAnswerTokens }: ToolContext) {
  return {
    description: {
      title: "Ask the codebase",
      description:
        "Answers a question from the whole workspace at once, with citations as path:line. The first call reads the " +
        "workspace, which can take minutes; later ones read only what changed.",
      inputSchema,
      outputSchema,
    },
    /** @throws LongsightError */
    run: async ({ question, form, mentions }: Input, call: ToolCall): Promise<ToolResult> => {
      const params = {
        askId: randomUUID(),
        question,
        form,
        keep: false,
        ...(mentions.length > 0 && { mentions: mentions.map((mention) => toMention(mention, roots)) }),
      };
      const answer = await pipeline.ask(params, {
        signal: call.signal,
        onProgress: call.onProgress,
        onDelta: (_, tokens) => call.onAnswer(tokens / maxAnswerTokens, `Answering: ${tokens} tokens`),
      });
      return { text: toText(answer), value: toValue(answer) };
    },
  };
}

/**
 * The file at a path of the plan; with several roots the path begins with the root's name.
 * @throws LongsightError LS-601 for a path that leads out of the workspace
 */
export function toMention(
  { path: file, startLine, endLine }: Input["mentions"][number],
  roots: readonly WorkspaceRoot[],
): Mention {
  const segments = file.split("/");
  const root = roots.length === 1 ? roots[0] : roots.find(({ name }) => name === segments[0]);
  const relative = roots.length === 1 ? segments : segments.slice(1);
  const inside = relative.length > 0 && !relative.some((segment) => ["", ".", ".."].includes(segment));
  if (root === undefined || !inside || path.isAbsolute(file)) {
    throw userErrors.badArgument("mentions.path", `${file} is no path of this workspace.`);
  }
  return {
    uri: `${root.uri.replace(/\/$/, "")}/${relative.map(encodeURIComponent).join("/")}`,
    label: `@${file}`,
    ...(startLine !== undefined && { startLine, endLine: endLine ?? startLine }),
  };
}

function toText({ text, citations, context, asOf, trace }: AnswerResult): string {
  const places = new Set(citations.map(({ path: file, startLine, endLine }) => `${file}:${startLine}-${endLine}`));
  const sources = places.size === 0 ? [] : ["", "Sources:", ...places];
  return [text, ...sources, "", `${context.files} files, ${context.tokens} tokens, as of ${asOf}; trace ${trace}`].join(
    "\n",
  );
}

function toValue(answer: AnswerResult): z.infer<z.ZodObject<typeof outputSchema>> {
  const { text, asOf, context, stopReason, trace } = answer;
  return {
    answer: text,
    citations: answer.citations.map(({ path: file, startLine, endLine, origin }) => ({
      path: file,
      startLine,
      endLine,
      origin,
    })),
    lookedAt: answer.lookedAt.map(({ path: file, lift }) => ({ path: file, lift })),
    asOf,
    files: context.files,
    tokens: context.tokens,
    stopReason,
    trace,
  };
}
