import type { Interval, TracePhase } from "../../shared/trace";

/** One recorded step: what each layer selected while one answer token (or the question's last chunk) was computed. */
export interface TraceStep {
  readonly phase: TracePhase;
  /** Text of the answer token; empty while a character is incomplete, and in the question phase. */
  readonly text: string;
  /** Token interval that could be selected: [initial, chunk start - local). */
  readonly selectable: Interval;
  /** Encoded selection as the addon gives it: per layer a varint count and varint differences; empty when dense. */
  readonly selection: Uint8Array;
}

/** A file of the context as a trace keeps it: enough to show lines and tokens without the workspace. */
export interface TracedFile {
  readonly path: string;
  readonly uri: string;
  /** First token in the context, and number of tokens. */
  readonly start: number;
  readonly count: number;
  readonly text: string;
  /** As in PackedFile; absent: the whole text. */
  readonly parts?: readonly Interval[];
  /** As in PackedFile. */
  readonly offsets: Int32Array;
}

/** What is known about an answer besides its steps. */
export interface TraceFacts {
  /** Names the workspace: traces are found again by it. */
  readonly workspace: string;
  readonly question: string;
  /** ISO 8601. */
  readonly asOf: string;
  readonly model: string;
  /** Layers of the model. */
  readonly layers: number;
  /** Tokens selected per layer and step. */
  readonly k: number;
  /** Tokens at the start, and before the current chunk, that are always attended. */
  readonly initial: number;
  readonly local: number;
  /** Tokens of the packed context, without question and answer. */
  readonly contextTokens: number;
}

/** A whole recorded answer. */
export interface Trace extends TraceFacts {
  readonly id: string;
  readonly files: readonly TracedFile[];
  readonly steps: readonly TraceStep[];
}
