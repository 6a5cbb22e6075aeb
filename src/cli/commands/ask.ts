import type { Command } from "commander";
import { randomUUID } from "node:crypto";
import type { AnswerResult, Citation } from "../../shared/protocol";
import { formatCount, formatDuration } from "../format";
import { addAnswerOptions, addAttentionOptions, addReadingOptions } from "../options";
import { openSession, withPipeline } from "../session";

export function addAskCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("ask")
    .description("ask about a repository; the answer cites what it rests on")
    .argument("<dir>", "folder of the repository")
    .argument("<question>", "the question, in quotes")
    .addHelpText(
      "after",
      "\nExamples:\n  longsight ask . 'Where are settings read?'\n" +
        "  longsight ask . 'What does the parser do?' --temperature 0 --json\n" +
        "  longsight ask . 'And who calls it?' --conversation 20261127T130501042-9f3c1a\n",
    )
    .option("--conversation [id]", "keep question and answer: in a new conversation, or go on with this one");
  addAnswerOptions(addAttentionOptions(addReadingOptions(command))).action(async (dir: string, question: string) => {
    const session = openSession(command, signal);
    const { output } = session;
    const { conversation } = command.opts<{ readonly conversation?: string | true }>();
    const answer = await withPipeline(session, dir, (pipeline) =>
      pipeline.ask(
        {
          askId: randomUUID(),
          question,
          keep: conversation !== undefined,
          ...(typeof conversation === "string" && { conversation }),
        },
        {
          signal,
          onProgress: output.progress,
          onDelta: (text) => {
            output.event({ type: "delta", text });
            output.text(text);
          },
        },
      ),
    );
    output.event({ type: "answer", ...toJson(answer) });
    output.text(formatSources(answer.citations));
    for (const warning of warningsOf(answer)) output.note(warning);
    output.note(summarise(answer));
  });
}

function toJson(answer: AnswerResult): Readonly<Record<string, unknown>> {
  const citations = answer.citations.map(({ path, startLine, endLine, origin }) => ({
    path,
    startLine,
    endLine,
    origin,
  }));
  const { text, asOf, context, conversation, droppedTurns, timings, trace, stopReason, attention, model } = answer;
  const kept = { conversation: conversation?.id, droppedTurns, focus: answer.focus, unknownNames: answer.unknownNames };
  return { text, citations, asOf, context, ...kept, timings, trace, stopReason, attention, model };
}

function formatSources(citations: readonly Citation[]): string {
  const lines = citations.map(({ path, startLine, endLine }) => `${path}:${startLine}-${endLine}\n`);
  return lines.length === 0 ? "\n" : `\n\n${[...new Set(lines)].join("")}`;
}

function warningsOf({ unknownNames = [], droppedTurns = 0 }: AnswerResult): string[] {
  return [
    ...(unknownNames.length === 0 ? [] : [`these names stand nowhere in the files: ${unknownNames.join(", ")}`]),
    ...(droppedTurns === 0 ? [] : [`the first ${droppedTurns} turns of the conversation had no room any more`]),
  ];
}

function summarise(answer: AnswerResult): string {
  const { context, timings } = answer;
  const rate = timings.decode > 0 ? `, ${(timings.generatedTokens / timings.decode).toFixed(1)} tokens/s` : "";
  return (
    `${formatCount(context.files)} files, ${formatCount(context.tokens)} tokens; ` +
    `first word after ${formatDuration(timings.firstToken)}, ${formatCount(timings.prefilledTokens)} tokens read, ` +
    `${formatCount(timings.reusedTokens)} from before${rate}; attention: ${answer.attention}; trace ${answer.trace}` +
    (answer.conversation ? `; conversation ${answer.conversation.id}` : "")
  );
}
