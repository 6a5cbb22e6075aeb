import { ErrorCodes, LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import { toErrorValue, userErrors, type ErrorValue } from "../shared/errors";
import { USER_ERROR_CODE } from "../shared/protocol";

const isErrorValue = (data: unknown): data is ErrorValue =>
  typeof data === "object" &&
  data !== null &&
  ["code", "message", "wayOut"].every((key) => typeof (data as Record<string, unknown>)[key] === "string");

/** What a failed engine request means for the user. */
export function errorValueOf(error: unknown): ErrorValue {
  if (error instanceof ResponseError) {
    if (error.code === USER_ERROR_CODE && isErrorValue(error.data)) return error.data;
    if (error.code === LSPErrorCodes.RequestCancelled) return toErrorValue(userErrors.cancelled());
    if (error.code === ErrorCodes.PendingResponseRejected || error.code === ErrorCodes.ConnectionInactive) {
      return toErrorValue(userErrors.engineStopped(error.message));
    }
  }
  return toErrorValue(error);
}
