import type { PackedContext } from "../context/types";
import type { Trace, TraceFacts } from "./types";

/** Collects what was selected while a question is read and answered. */
export class TraceRecorder {
  /** Id of the trace: sortable by time. */
  readonly id: string;

  constructor(_facts: Omit<TraceFacts, "contextTokens">, _context: PackedContext) {
    this.id = "";
  }

  /**
   * The last chunk of the question was prefilled.
   * @param selection from PrefillResult.trace; null when dense
   * @param chunkStart tokens in the cache before that chunk
   */
  question(_selection: Uint8Array | null, _chunkStart: number): void {
    throw new Error("not built yet");
  }

  /**
   * A token of the answer came.
   * @param text what it added to the answer; empty while a character is incomplete
   * @param selection from GeneratedToken.trace; null when dense
   * @param chunkStart tokens in the cache before the step that computed it
   */
  answer(_text: string, _selection: Uint8Array | null, _chunkStart: number): void {
    throw new Error("not built yet");
  }

  /** The whole trace. */
  finish(): Trace {
    throw new Error("not built yet");
  }
}
