/**
 * What was selected, when, by which layer. One *selection* is one token selected by one layer for one step.
 * `share` = selections in the region / all selections chosen; `lift` = share / (the region's tokens / all selectable
 * tokens): 1 is the fair share. Initial and local tokens are always selected and in neither side of a ratio.
 */

/** Half-open interval of integers [from, to). */
export type Interval = readonly [from: number, to: number];

/** Which part of a trace is meant: all when a field is left out. */
export interface TraceQuery {
  /** Trace id, as in the answer. */
  readonly id: string;
  /** Answer tokens, as half-open interval of steps. */
  readonly steps?: Interval;
  /** Layers, as half-open interval. */
  readonly layers?: Interval;
  /** While reading the question, or while answering (default). */
  readonly phase?: TracePhase;
}

export type TracePhase = "question" | "answer";

/** Selection sums of one file. */
export interface FileSelection {
  /** Path relative to the workspace folder, `/` separated, qualified by the folder's name when there are several. */
  readonly path: string;
  /** Selectable tokens of the file in the context. */
  readonly tokens: number;
  /** Tokens of the file that are always attended: initial or local. */
  readonly always: number;
  readonly selected: number;
  readonly share: number;
  readonly lift: number;
  /** Selections by layer over all layers of the model, whatever the query's layers: for the sparkline. */
  readonly byLayer: readonly number[];
  /** First and last line (1-based, inclusive) of the densest run of selected lines; null when nothing was selected. */
  readonly densest: readonly [startLine: number, endLine: number] | null;
}

/** Selection sums of one declaration of a file; what stands in an inner declaration counts for both. */
export interface SymbolSelection {
  readonly name: string;
  readonly kind: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
  readonly parent: string | null;
  readonly tokens: number;
  readonly selected: number;
  readonly share: number;
  readonly lift: number;
}

/** Selection of one line of one file. */
export interface LineSelection {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly selected: number;
  readonly lift: number;
}

/** How often one step selected a token of a region. */
export interface StepSelection {
  readonly step: number;
  /** The answer token; empty while a question is read. */
  readonly text: string;
  readonly selected: number;
}

/** One token of the answer, as text, with its step. */
export interface AnswerToken {
  readonly step: number;
  readonly text: string;
}

/** The sums of a whole trace for one query: what the map and the ranked table show. */
export interface TraceSummary {
  readonly id: string;
  readonly question: string;
  readonly asOf: string;
  readonly model: string;
  /** Number of layers of the model; layers that attend densely have no selections. */
  readonly layers: number;
  /** Layers that select. */
  readonly selectingLayers: readonly number[];
  /** Number of answer tokens with a trace. */
  readonly steps: number;
  /** k: tokens selected per layer and step. */
  readonly k: number;
  readonly answer: readonly AnswerToken[];
  /** Tokens of the whole context, and those of them that could be selected. */
  readonly contextTokens: number;
  readonly selectableTokens: number;
  /** Initial and local tokens that are always attended. */
  readonly initialTokens: number;
  readonly localTokens: number;
  /** All selections that the query chose. */
  readonly selections: number;
  /** Every file of the context, most selected first. */
  readonly files: readonly FileSelection[];
}

/** A token of a file with the number of selections that the query gives it. */
export interface TokenSelection {
  /** 0-based column (UTF-16 units) in its line, and length. */
  readonly column: number;
  readonly length: number;
  readonly count: number;
}

/** One line of a file in the token view. */
export interface FileTraceLine {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  readonly tokens: readonly TokenSelection[];
}

/** Token-level selections of the lines that were asked for, and the strip over all lines of the file. */
export interface FileTrace {
  readonly path: string;
  readonly lineCount: number;
  /** Mean selections per token of each line of the file, index 0 = line 1. */
  readonly strip: readonly number[];
  /** Largest possible count: chosen layers x chosen steps. */
  readonly maxCount: number;
  readonly lines: readonly FileTraceLine[];
  /** `answer`: counts of the whole answer and all layers, whatever the query chose. Default `query`. */
  readonly scope?: "query" | "answer";
}

/**
 * A trace that answers queries without an engine: the data of a self-contained page. Sums by file are there for every
 * run of steps and layers; lines and tokens only for the whole answer, all layers, of the most selected files.
 */
export interface StandaloneTrace {
  readonly version: 1;
  /** While answering, all steps and layers. */
  readonly answer: TraceSummary;
  /** While reading the question, all layers. */
  readonly question: TraceSummary;
  /** Neighbouring steps that share a cell of `sums`: 1 unless the answer is long. */
  readonly stride: number;
  /**
   * For each file of `answer.files`, base64 of varint pairs (cells since the one before, selections), ascending;
   * cell = floor(step / stride) * layers + layer. Cells without selections are left out.
   */
  readonly sums: readonly string[];
  /** Whole answer, all layers, of the most selected files; tokens and lines that were never selected may be missing. */
  readonly files: readonly FileTrace[];
}
