import { z } from "zod";
import { userErrors } from "../shared/errors";
import {
  Ask,
  CompareTraces,
  CutConversation,
  DeleteConversation,
  DeleteModel,
  DownloadModel,
  ExportConversation,
  FindMentions,
  GetConversation,
  GetFileTrace,
  GetSelectingSteps,
  GetStandaloneTrace,
  GetSymbols,
  GetSymbolTrace,
  GetTrace,
  GetTraceMap,
  GetTraceRows,
  GetTraceSums,
  ListConversations,
  Pause,
  Read,
  RenameConversation,
  type RequestName,
} from "../shared/protocol";

const index = z.number().int().min(0);
const interval = z.tuple([index, index]).readonly();
const line = z.number().int().min(1);

const id = z.string().min(1).max(200);

const query = z.object({
  id: z.string().min(1),
  steps: interval.optional(),
  layers: interval.optional(),
  phase: z.enum(["question", "answer"]).optional(),
});

const scope = z.object({ below: z.string().max(4096), pixels: z.number().min(0).max(1e9) });

const schemas = new Map<string, z.ZodType>([
  [Read.method, z.object({ rebuild: z.boolean() })],
  [
    Ask.method,
    z.object({
      askId: z.string().min(1),
      question: z.string(),
      selection: z.object({ uri: z.string(), startLine: line, endLine: line }).optional(),
      mentions: z
        .array(
          z.object({
            uri: z.string(),
            startLine: line.optional(),
            endLine: line.optional(),
            label: z.string().max(500),
          }),
        )
        .max(64)
        .optional(),
      form: z.enum(["ask", "explain", "whereIs", "whoUses", "why"]).optional(),
      conversation: id.optional(),
      keep: z.boolean().optional(),
    }),
  ],
  [DownloadModel.method, z.object({ id: z.string().min(1) })],
  [DeleteModel.method, z.object({ id: z.string().min(1) })],
  [GetTrace.method, query],
  [GetTraceMap.method, scope.extend({ id })],
  [GetTraceSums.method, query.extend({ map: scope, on: id.optional() })],
  [
    GetTraceRows.method,
    z.object({
      query,
      shown: query.optional(),
      other: query.optional(),
      unit: z.enum(["files", "symbols", "lines"]),
      below: z.string().max(4096),
      filter: z.string().max(500),
      sort: z.enum(["name", "tokens", "selected", "share", "lift", "difference"]),
      descending: z.boolean(),
      rows: interval.refine(([from, to]) => to - from <= 500, "at most 500 rows"),
    }),
  ],
  [GetStandaloneTrace.method, z.object({ id })],
  [CompareTraces.method, z.object({ first: query, second: query })],
  [Pause.method, z.object({ paused: z.boolean() })],
  [ListConversations.method, z.object({ query: z.string().max(1000).optional() })],
  [GetConversation.method, z.object({ id })],
  [RenameConversation.method, z.object({ id, title: z.string().trim().min(1).max(200) })],
  [DeleteConversation.method, z.object({ id: id.optional() })],
  [CutConversation.method, z.object({ id, turns: index })],
  [ExportConversation.method, z.object({ id })],
  [FindMentions.method, z.object({ text: z.string().max(500), limit: z.number().int().min(1).max(200) })],
  [GetSymbols.method, z.object({ uri: z.string().min(1) })],
  [GetSymbolTrace.method, query.extend({ path: z.string() })],
  [GetFileTrace.method, query.extend({ path: z.string(), lines: interval })],
  [GetSelectingSteps.method, query.extend({ path: z.string(), lines: interval })],
]);

/**
 * Parameters of a request as they came over the wire, checked against their type in shared/protocol.ts.
 * @throws LongsightError LS-601 naming the parameter that is wrong
 */
export function parseParams<P, R>(name: RequestName<P, R>, raw: unknown): P {
  const schema = schemas.get(name.method) ?? z.object({});
  const result = schema.safeParse(raw ?? {});
  if (result.success) return result.data as P;
  const issue = result.error.issues[0];
  throw userErrors.badArgument([name.method, ...(issue?.path ?? [])].join("."), issue?.message ?? "not valid");
}
