import { randomBytes } from "node:crypto";
import type { TracePhase } from "../../shared/trace";
import type { PackedContext } from "../context/types";
import type { Trace, TraceFacts, TraceStep } from "./types";

const NOTHING = new Uint8Array(0);

/** Collects what was selected while a question is read and answered. */
export class TraceRecorder {
  /** Id of the trace; ids sort by time. */
  readonly id = newId();
  readonly #facts: TraceFacts;
  readonly #context: PackedContext;
  readonly #steps: TraceStep[] = [];

  constructor(facts: Omit<TraceFacts, "contextTokens">, context: PackedContext) {
    this.#facts = { ...facts, contextTokens: context.tokens.length };
    this.#context = context;
  }

  /**
   * The last chunk of the question was prefilled.
   * @param selection from PrefillResult.trace; null when dense
   * @param chunkStart tokens in the cache before that chunk
   */
  question(selection: Uint8Array | null, chunkStart: number): void {
    this.#add("question", "", selection, chunkStart);
  }

  /**
   * A token of the answer came.
   * @param text what it added to the answer; empty while a character is incomplete
   * @param selection from GeneratedToken.trace; null when dense
   * @param chunkStart tokens in the cache before the step that computed it
   */
  answer(text: string, selection: Uint8Array | null, chunkStart: number): void {
    this.#add("answer", text, selection, chunkStart);
  }

  /** The whole trace as recorded so far. */
  finish(): Trace {
    const files = this.#context.files.map(({ document, start, count, text, parts, offsets }) => {
      const { path, uri } = document;
      return { path, uri, start, count, text, ...(parts !== null && { parts }), offsets };
    });
    return { ...this.#facts, id: this.id, files, steps: [...this.#steps] };
  }

  #add(phase: TracePhase, text: string, selection: Uint8Array | null, chunkStart: number): void {
    const { initial, local } = this.#facts;
    const selectable = [initial, Math.max(initial, chunkStart - local)] as const;
    this.#steps.push({ phase, text, selectable, selection: selection ?? NOTHING });
  }
}

/** `20251123T205210123-1f3a5c`: UTC time and chance. */
function newId(): string {
  const time = new Date().toISOString().replace(/[-:.Z]/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
