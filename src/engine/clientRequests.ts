/** Asks the client about file systems that only it can read: those of workspace folders that are not on disk. */
import { ErrorCodes, ResponseError } from "vscode-languageserver";
import { z } from "zod";
import { userErrors } from "../shared/errors";
import { FILE_ERROR_CODE, ReadDirectory, ReadFile, type RequestName, StatFile } from "../shared/protocol";
import type { ClientFiles } from "./workspace/clientFiles";
import { FileError } from "./workspace/fileSystem";

/** Sends a request to the client. */
export type SendRequest = (method: string, params: unknown) => Promise<unknown>;

const kind = z.enum(["file", "folder", "link", "other"]);
const stat = z.object({ kind, bytes: z.number().nonnegative(), mtimeMs: z.number() });
const entries = z.array(z.object({ name: z.string(), kind }));
const contents = z.object({ stat, data: z.string().nullable() }).nullable();
const fileError = z.object({ code: z.string().regex(/^E[A-Z0-9]+$/) });

/** The file systems behind a connection; answers are checked. @throws (rejects) FileError, LongsightError LS-107 */
export function clientFiles(send: SendRequest): ClientFiles {
  const ask = async <P extends { readonly uri: string }, T>(
    { method }: RequestName<P, unknown>,
    params: P,
    shape: z.ZodType<T>,
  ): Promise<T> => {
    try {
      return shape.parse(await send(method, params));
    } catch (error) {
      throw toFileError(error, params.uri);
    }
  };
  return {
    list: (uri) => ask(ReadDirectory, { uri }, entries),
    stat: async (uri) => ({ ...(await ask(StatFile, { uri }, stat)), ctimeMs: 0, inode: 0 }),
    read: async (uri, maxBytes) => {
      const read = await ask(ReadFile, { uri, maxBytes }, contents);
      if (read === null) return null;
      const data = read.data === null ? null : Buffer.from(read.data, "base64");
      return { stat: { ...read.stat, ctimeMs: 0, inode: 0 }, data };
    },
  };
}

function toFileError(error: unknown, uri: string): unknown {
  if (error instanceof z.ZodError) return new FileError("EPROTO", `the client's answer about ${uri} is malformed`);
  if (!(error instanceof ResponseError)) return error;
  if (error.code === ErrorCodes.MethodNotFound) return userErrors.notOnDisk(uri, uri.slice(0, uri.indexOf(":")));
  const known = error.code === FILE_ERROR_CODE ? fileError.safeParse(error.data) : null;
  return new FileError(known?.success === true ? known.data.code : "EIO", error.message, { cause: error });
}
