import * as vscode from "vscode";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Ask, type AnswerResult } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";

/** Name of the tool; the manifest describes it to models. */
export const toolName = "longsight_ask_codebase";

const input = z.object({
  question: z.string().min(1).max(20_000),
  form: z.enum(["ask", "explain", "whereIs", "whoUses", "why"]).default("ask"),
});

/** What is used of the tools of language models, which came after the oldest editor that Longsight supports. */
interface ToolApi {
  readonly lm?: {
    readonly registerTool?: (
      name: string,
      tool: {
        readonly prepareInvocation: (options: { readonly input: unknown }) => unknown;
        readonly invoke: (options: { readonly input: unknown }, token: vscode.CancellationToken) => Promise<unknown>;
      },
    ) => vscode.Disposable;
  };
  readonly LanguageModelToolResult?: new (content: readonly unknown[]) => unknown;
  readonly LanguageModelTextPart?: new (value: string) => unknown;
}

/** Registers the tool by which other agents ask; nothing in an editor that has no such tools. */
export function registerAskTool(engine: EngineClient): vscode.Disposable {
  const { lm, LanguageModelToolResult: Result, LanguageModelTextPart: Text } = vscode as unknown as ToolApi;
  if (lm?.registerTool === undefined || Result === undefined || Text === undefined) {
    return new vscode.Disposable(() => undefined);
  }
  return lm.registerTool(toolName, {
    prepareInvocation: ({ input: given }) => {
      const question = input.safeParse(given).data?.question ?? "";
      return {
        invocationMessage: vscode.l10n.t("Asking Longsight"),
        confirmationMessages: {
          title: vscode.l10n.t("Ask Longsight about this workspace?"),
          message: new vscode.MarkdownString()
            .appendText(question)
            .appendMarkdown("\n\n")
            .appendText(
              vscode.l10n.t(
                "The model on this machine reads the workspace. Its answer, which may quote code, goes to the agent that asks.",
              ),
            ),
        },
      };
    },
    invoke: async ({ input: given }, token) => new Result([new Text(await askForAgent(engine, given, token))]),
  });
}

/** @throws Error with the user's sentence, way out and code, for the agent to read */
async function askForAgent(engine: EngineClient, given: unknown, token: vscode.CancellationToken): Promise<string> {
  const { question, form } = input.parse(given);
  try {
    const params = { askId: randomUUID(), question, form, keep: false };
    return toText(await engine.request(Ask, params, token));
  } catch (error) {
    const { code, message, wayOut } = errorValueOf(error);
    throw new Error(`${message} ${wayOut} (${code})`, { cause: error });
  }
}

function toText({ text, citations, context, asOf }: AnswerResult): string {
  const places = new Set(citations.map(({ path, startLine, endLine }) => `${path}:${startLine}-${endLine}`));
  const sources = places.size === 0 ? [] : ["", "Sources:", ...places];
  return [text, ...sources, "", `${context.files} files, ${context.tokens} tokens, as of ${asOf}`].join("\n");
}
