/**
 * Every error that a user can meet is made here: a stable code, a sentence that names the input, and the way out.
 * The codes are documented in docs/errors.md.
 */
export class LongsightError extends Error {
  /** Stable code, `LS-nnn`: 1xx workspace, 2xx machine, 3xx model, 4xx asking, 5xx storage, 9xx control flow. */
  readonly code: string;
  /** What the user can do about it, as a sentence. */
  readonly wayOut: string;

  constructor(code: string, message: string, wayOut: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LongsightError";
    this.code = code;
    this.wayOut = wayOut;
  }
}

/** The serialised form that crosses process borders. */
export interface ErrorValue {
  readonly code: string;
  readonly message: string;
  readonly wayOut: string;
}

const because = (cause: unknown): ErrorOptions | undefined => (cause === undefined ? undefined : { cause });

/** Factories of all user errors, one per situation. */
export const userErrors = {
  folderMissing: (path: string) =>
    new LongsightError("LS-101", `The folder ${path} does not exist.`, "Check the path and try again."),
  notAFolder: (path: string) =>
    new LongsightError("LS-102", `${path} is not a folder.`, "Name the folder that contains the repository."),
  nothingToRead: (path: string) =>
    new LongsightError(
      "LS-103",
      `No file in ${path} can be read: it is empty, or everything is ignored, binary or too large.`,
      "See what is left out and why with 'longsight plan', or open another folder.",
    ),
  folderUnreadable: (path: string, cause?: unknown) =>
    new LongsightError("LS-104", `${path} cannot be read.`, "Check its permissions.", because(cause)),
  fileChanged: (path: string, cause?: unknown) =>
    new LongsightError(
      "LS-105",
      `${path} changed while the workspace was read.`,
      "Read the workspace again.",
      because(cause),
    ),
  notTrusted: () =>
    new LongsightError(
      "LS-106",
      "This workspace is not trusted, so Longsight reads nothing of it.",
      "Trust it with 'Workspaces: Manage Workspace Trust'.",
    ),
  notOnDisk: (uri: string, scheme: string) =>
    new LongsightError(
      "LS-107",
      `${uri} is not on disk, and nothing here serves the file system '${scheme}'.`,
      "Open the folder in Visual Studio Code with the extension that provides it, or a copy of it on disk.",
    ),
  noMemory: (what: string, needed: number, free: number, cause?: unknown) =>
    new LongsightError(
      "LS-201",
      `Not enough memory for ${what}: ${gib(needed)} needed, ${gib(free)} free.`,
      "Use a smaller token budget, a smaller model, or close other programs.",
      because(cause),
    ),
  nativeMissing: (detail: string, cause?: unknown) =>
    new LongsightError(
      "LS-202",
      `The native library is missing or does not fit this machine: ${detail}`,
      "Reinstall Longsight; in a checkout run 'npm run build:native'.",
      because(cause),
    ),
  backendUnavailable: (backend: string, detail: string) =>
    new LongsightError(
      "LS-203",
      `The ${backend} backend cannot be used: ${detail}`,
      "Set 'longsight.backend' to 'auto' or 'cpu'.",
    ),
  rpcUnusable: (server: string, detail: string, cause?: unknown) =>
    new LongsightError(
      "LS-204",
      `The RPC server ${server} cannot be used: ${detail}`,
      "Start 'rpc-server' there, of the same version of Longsight, or take it out of --rpc or 'longsight.rpcServers'.",
      because(cause),
    ),
  rpcLost: (server: string) =>
    new LongsightError(
      "LS-205",
      `The RPC server ${server} went away.`,
      "Start it again, then ask again: what was read and saved is kept.",
    ),
  modelUnknown: (id: string) =>
    new LongsightError(
      "LS-301",
      `No model is called '${id}', and there is no such file.`,
      "See 'longsight model list', or give the path of a GGUF file.",
    ),
  modelMissing: (id: string) =>
    new LongsightError(
      "LS-302",
      `The model '${id}' is not on this machine.`,
      `Download it with 'longsight model get ${id}' or the command 'Longsight: Choose Model…'.`,
    ),
  modelDamaged: (path: string, detail: string, cause?: unknown) =>
    new LongsightError(
      "LS-303",
      `${path} is not a usable GGUF model: ${detail}`,
      "Download the model again, or choose another file.",
      because(cause),
    ),
  downloadFailed: (id: string, detail: string, cause?: unknown) =>
    new LongsightError(
      "LS-304",
      `The download of '${id}' failed: ${detail}`,
      "Check the connection and run the download again: it goes on where it stopped. A local GGUF file works too.",
      because(cause),
    ),
  checksumMismatch: (path: string, expected: string, actual: string) =>
    new LongsightError(
      "LS-305",
      `${path} is not what the catalogue names: sha256 ${actual.slice(0, 16)}…, expected ${expected.slice(0, 16)}….`,
      "The file was removed. Download it again.",
    ),
  noModelChosen: () =>
    new LongsightError(
      "LS-306",
      "No model is chosen.",
      "Choose one with 'Longsight: Choose Model…', the setting 'longsight.model' or --model.",
    ),
  budgetTooSmall: (budget: number, needed: number) =>
    new LongsightError(
      "LS-401",
      `A budget of ${budget} tokens leaves no room for any file; at least ${needed} are needed.`,
      "Raise --budget or the setting 'longsight.budget'.",
    ),
  questionTooLong: (tokens: number, limit: number) =>
    new LongsightError(
      "LS-402",
      `The question has ${tokens} tokens; ${limit} fit.`,
      "Shorten the question or ask about a smaller selection.",
    ),
  questionEmpty: () => new LongsightError("LS-403", "The question is empty.", "Type a question."),
  traceMissing: (id: string) =>
    new LongsightError("LS-404", `There is no trace '${id}'.`, "Ask again, then open the trace of that answer."),
  noTraceYet: (path: string) =>
    new LongsightError("LS-405", `Nothing has been asked about ${path} yet.`, "Ask a question first."),
  calibrationTooSmall: (tokens: number, needed: number) =>
    new LongsightError(
      "LS-406",
      `Calibration needs ${needed} tokens of text; the workspace has ${tokens}.`,
      "Open a larger folder: calibration is shared by all workspaces of a model.",
    ),
  engineStopped: (detail: string) =>
    new LongsightError("LS-407", `The engine stopped: ${detail}`, "It restarts by itself; ask again."),
  conversationMissing: (id: string) =>
    new LongsightError(
      "LS-408",
      `There is no conversation '${id}' in this workspace, or its file is damaged.`,
      "Start a new conversation; the list shows those that are kept.",
    ),
  noCodeChosen: () =>
    new LongsightError(
      "LS-409",
      "Nothing of this workspace is chosen.",
      "Open a file of the workspace, or select files in the explorer or text in the terminal.",
    ),
  mentionMissing: (label: string) =>
    new LongsightError(
      "LS-410",
      `'${label}' is not in the context, and its text cannot be read.`,
      "See what is in the context and why with 'Longsight: Show Context Plan', or leave the mention out.",
    ),
  dataDirUnusable: (path: string, cause?: unknown) =>
    new LongsightError(
      "LS-501",
      `The data folder ${path} cannot be written.`,
      "Free space or choose another folder with --data-dir.",
      because(cause),
    ),
  notKept: (path: string, cause?: unknown) =>
    new LongsightError(
      "LS-502",
      `What was read cannot be kept in ${path}: it will be read again after a restart.`,
      "Free space on that disk, clear Longsight's caches, or choose another data folder.",
      because(cause),
    ),
  badArgument: (name: string, detail: string) =>
    new LongsightError("LS-601", `${name}: ${detail}`, "See --help or the setting's description."),
  cancelled: () => new LongsightError("LS-900", "Cancelled.", "Start again when you like; finished work is kept."),
} as const;

/** The serialisable form of any error; an unexpected one becomes LS-999. */
export function toErrorValue(error: unknown): ErrorValue {
  if (error instanceof LongsightError) return { code: error.code, message: error.message, wayOut: error.wayOut };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "LS-999", message, wayOut: "This is a defect in Longsight: the log has the details." };
}

/** True for the error that cancellation raises. */
export function isCancelled(error: unknown): boolean {
  return error instanceof LongsightError && error.code === "LS-900";
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;
