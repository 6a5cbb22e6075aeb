import type { Progress } from "../../shared/protocol";
import { describe } from "../output";

/** Cancellation and progress of one tool call. */
export interface ToolCall {
  readonly signal: AbortSignal;
  /** Says how far a stage of reading is. */
  readonly onProgress: (progress: Progress) => void;
  /** Says how far an answer is, as part of its greatest length. */
  readonly onAnswer: (part: number, message: string) => void;
}

/** What the SDK hands to a tool, as far as it is needed here. */
interface Extra {
  readonly signal: AbortSignal;
  readonly _meta?: { readonly progressToken?: string | number | undefined } | undefined;
  readonly sendNotification: (notification: {
    readonly method: "notifications/progress";
    readonly params: {
      readonly progressToken: string | number;
      readonly progress: number;
      readonly total: number;
      readonly message: string;
    };
  }) => Promise<void>;
}

/** Stages in the order in which they come; each is one unit of the whole, and the answer is the last. */
const stages: readonly Progress["stage"][] = [
  "walk",
  "tokenize",
  "load",
  "download",
  "calibrate",
  "restore",
  "prefill",
  "save",
];
/** Milliseconds between two notifications of one stage. */
const OFTEN_MS = 500;

/**
 * Turns progress into notifications, when the client asked for them. Progress only grows, as the protocol demands: a stage
 * that comes again is not told.
 */
export function progressOf({ signal, _meta: meta, sendNotification }: Extra): ToolCall {
  const token = meta?.progressToken;
  let told = -1;
  let nextMs = 0;
  let stage = -1;
  const tell = (index: number, part: number, message: string): void => {
    const progress = index + Math.min(1, Math.max(0, part));
    const now = performance.now();
    if (token === undefined || progress <= told || (index === stage && part < 1 && now < nextMs)) return;
    [told, stage, nextMs] = [progress, index, now + OFTEN_MS];
    const params = { progressToken: token, progress, total: stages.length + 1, message };
    // The client may be gone: the call itself ends then.
    sendNotification({ method: "notifications/progress", params }).catch(() => undefined);
  };
  return {
    signal,
    onProgress: (progress) => {
      const { done, total } = progress;
      tell(stages.indexOf(progress.stage), total === 0 ? 0 : done / total, describe(progress));
    },
    onAnswer: (part, message) => tell(stages.length, part, message),
  };
}
