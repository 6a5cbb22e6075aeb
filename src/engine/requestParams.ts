import { z } from "zod";
import { userErrors } from "../shared/errors";
import { Ask, DownloadModel, GetFileTrace, GetTrace, Read, type RequestName } from "../shared/protocol";

const index = z.number().int().min(0);
const interval = z.tuple([index, index]).readonly();
const line = z.number().int().min(1);

const query = z.object({
  id: z.string().min(1),
  steps: interval.optional(),
  layers: interval.optional(),
  phase: z.enum(["question", "answer"]).optional(),
});

const schemas = new Map<string, z.ZodType>([
  [Read.method, z.object({ rebuild: z.boolean() })],
  [
    Ask.method,
    z.object({
      askId: z.string().min(1),
      question: z.string(),
      selection: z.object({ uri: z.string(), startLine: line, endLine: line }).optional(),
    }),
  ],
  [DownloadModel.method, z.object({ id: z.string().min(1) })],
  [GetTrace.method, query],
  [GetFileTrace.method, query.extend({ path: z.string(), lines: interval })],
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
