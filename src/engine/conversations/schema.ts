/** What a conversation's file must look like to be believed. */
import { z } from "zod";
import type { KeptConversation } from "../../shared/conversation";

const count = z.number().int().min(0);
const line = z.number().int().min(1);
const seconds = z.number();
const time = z.string().min(1);

const range = z.object({ uri: z.string(), startLine: line, endLine: line });
const mention = z.object({
  uri: z.string(),
  startLine: line.optional(),
  endLine: line.optional(),
  label: z.string(),
});
const citation = z.object({
  path: z.string(),
  uri: z.string(),
  startLine: line,
  endLine: line,
  origin: z.enum(["written", "named", "selected"]),
  mention: z.tuple([count, count]).nullable(),
});

/** Fields that a later version adds are kept. */
const answer = z.looseObject({
  text: z.string(),
  citations: z.array(citation),
  asOf: time,
  context: z.looseObject({ files: count, tokens: count }),
  timings: z.looseObject({
    load: seconds,
    prefill: seconds,
    firstToken: seconds,
    decode: seconds,
    prefilledTokens: count,
    reusedTokens: count,
    generatedTokens: count,
  }),
  trace: z.string(),
  stopReason: z.enum(["end", "length", "stopped"]),
  lookedAt: z.array(z.object({ path: z.string(), uri: z.string(), lift: z.number() })),
  attention: z.string(),
});

const turn = z.object({
  question: z.string(),
  form: z.enum(["ask", "explain", "whereIs", "whoUses", "why"]),
  selection: range.nullable(),
  mentions: z.array(mention),
  askedAt: time,
  answer: answer.nullable(),
  error: z.object({ code: z.string(), message: z.string(), wayOut: z.string() }).nullable(),
});

const file = z.object({
  version: z.literal(1),
  id: z.string(),
  title: z.string(),
  created: time,
  updated: time,
  turns: z.array(turn),
});

/** A conversation as its file has it. @throws Error saying what is wrong with the text */
export function decodeConversation(text: string): KeptConversation {
  const { version: _, ...conversation } = file.parse(JSON.parse(text));
  return conversation as KeptConversation;
}

export function encodeConversation(conversation: KeptConversation): string {
  return `${JSON.stringify({ version: 1, ...conversation }, null, 1)}\n`;
}
