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
  /** Files with more always attended tokens than the initial ones, so those at the end: number, and the largest few. */
  readonly localFiles: number;
  readonly localPaths: readonly string[];
  /** All selections that the query chose. */
  readonly selections: number;
  /** Number of files in the context. */
  readonly fileCount: number;
  /** Files of the context, most selected first: over the protocol at most `TRACE_FILES`. */
  readonly files: readonly FileSelection[];
}

/** Files that a summary carries over the protocol; tables ask for more by page. */
export const TRACE_FILES = 100;

/** What a map shows: all below a folder, or the declarations of one file. */
export interface MapScope {
  /** Folder or file; empty for everything. */
  readonly below: string;
  /** Area of the map in CSS pixels: what would be too small to be seen is joined. */
  readonly pixels: number;
}

/** A part of the map: a file, a folder drawn whole, small ones together, a declaration, or the lines between them. */
export interface MapRegion {
  readonly kind: "file" | "folder" | "more" | "symbol" | "rest";
  /** Path of the file or folder; for `more`, of the folder that holds them; for `symbol` and `rest`, of the file. */
  readonly path: string;
  /** Name of a declaration. */
  readonly name?: string;
  /** First and last line of a declaration, 1-based, inclusive. */
  readonly lines?: readonly [startLine: number, endLine: number];
  /** Number of the group in `TraceMap.groups`. */
  readonly group: number;
  /** Tokens, always selected ones too. */
  readonly size: number;
  /** Files, or for `rest` runs of lines, that the region stands for. */
  readonly count: number;
}

/** A framed part of the map: a folder, or a declaration that holds others. */
export interface MapGroup {
  /** Path of the folder or file. */
  readonly path: string;
  /** Path of the folder, "/" for the root; name of the declaration. */
  readonly title: string;
}

/** What the map of a trace is made of; it does not depend on steps and layers. At most about 600 regions. */
export interface TraceMap {
  readonly below: string;
  readonly level: "files" | "symbols";
  readonly groups: readonly MapGroup[];
  readonly regions: readonly MapRegion[];
  /** What the bars of the layer strip stand for: the most selected groups, or regions where there is one group. */
  readonly bars: readonly { readonly name: string; readonly regions: readonly number[] }[];
}

/** Sums over the regions of a map for one query. */
export interface TraceSums {
  readonly selections: number;
  readonly selectableTokens: number;
  /** By region: selectable tokens (mean over the steps), selections, and how many of the chosen layers selected there. */
  readonly tokens: readonly number[];
  readonly selected: readonly number[];
  readonly layersHit: readonly number[];
  /** Chosen layers that select. */
  readonly layersChosen: number;
  /** Selections by bar and layer, and of all files by layer, over all layers of the model. */
  readonly bars: readonly (readonly number[])[];
  readonly byLayer: readonly number[];
  /** The two most selected files. */
  readonly most: readonly { readonly path: string; readonly lift: number }[];
}

/** What the ranked table lists. */
export type RankUnit = "files" | "symbols" | "lines";

export type RankColumn = "name" | "tokens" | "selected" | "share" | "lift" | "difference";

/** Rows [from, to) of the table, in the order that `query` gives, with the figures of `shown`. */
export interface RankQuery {
  readonly query: TraceQuery;
  /** Default `query`. */
  readonly shown?: TraceQuery;
  /** A second answer, for the difference of shares. */
  readonly other?: TraceQuery;
  readonly unit: RankUnit;
  /** Folder or file; empty for everything. */
  readonly below: string;
  /** Words that the path or name must contain. */
  readonly filter: string;
  readonly sort: RankColumn;
  readonly descending: boolean;
  readonly rows: Interval;
}

/** A row of the ranked table. */
export interface RankedRow {
  /** Place when sorted by selections, from 1. */
  readonly rank: number;
  readonly path: string;
  /** Name of a declaration, text of a line; absent for files. */
  readonly name?: string;
  readonly kind?: string;
  /** 1-based, inclusive: the densest run of a file, a declaration, a line; null when nothing was selected. */
  readonly lines: readonly [startLine: number, endLine: number] | null;
  readonly tokens: number;
  readonly always: number;
  readonly selected: number;
  readonly share: number;
  readonly lift: number;
  /** Selections by layer over all layers of the model. Empty for lines. */
  readonly byLayer: readonly number[];
  /** The same of `RankQuery.other`. */
  readonly other?: { readonly selected: number; readonly share: number; readonly lift: number };
}

export interface RankedRows {
  /** Rows in all. */
  readonly total: number;
  /** Files that were looked into for declarations or lines; fewer than `files` when there are many. */
  readonly searched: number;
  readonly files: number;
  /** Largest sum of a row in one layer: the full height of a bar. */
  readonly highest: number;
  readonly rows: readonly RankedRow[];
}

/** What two answers have in common. */
export interface TraceComparison {
  /** Both contexts held the same files at the same places. */
  readonly sameContext: boolean;
  /** Of the tokens that either selected, the share that both did, 0 to 1; null when the contexts differ. */
  readonly tokensInBoth: number | null;
  /** Files that hold half of the selections in files. */
  readonly halfOfFirst: number;
  readonly halfOfSecond: number;
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
  /** Of a very long line only the first; the text ends with them. */
  readonly tokens: readonly TokenSelection[];
  /** Tokens that were left out at the end. */
  readonly more?: number;
}

/** Token-level selections of the lines that were asked for, and the strip over all lines of the file. */
export interface FileTrace {
  readonly path: string;
  readonly lineCount: number;
  /** Sums of the file, as in `FileSelection`. */
  readonly sums: Pick<FileSelection, "tokens" | "always" | "selected" | "share" | "lift" | "densest">;
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
