import type { FileTrace, FileTraceLine, Interval, TraceQuery } from "../../shared/trace";
import type { HeatmapHost } from "./host";
import { queryKey } from "./state";

/** Lines beyond the visible ones that are fetched along. */
const margin = 40;

/** What is known of one file for one query: filled piece by piece, as lines come into view. */
export interface LoadedFile {
  readonly path: string;
  readonly file: FileTrace;
  readonly lines: ReadonlyMap<number, FileTraceLine>;
}

/** Fetches lines of the chosen file for the chosen query, visible ones only; late answers are dropped. */
export class FileLines {
  private wanted = "";
  private path = "";
  private query: TraceQuery | null = null;
  private lines = new Map<number, FileTraceLine>();
  private file: FileTrace | null = null;
  private fetched: Interval[] = [];

  constructor(
    private readonly host: HeatmapHost,
    private readonly onLoaded: (loaded: LoadedFile) => void,
    private readonly onFailed: (path: string, message: string) => void,
  ) {}

  /** Turns to a file and query; what was loaded before is shown until the new lines come. */
  open(path: string, query: TraceQuery, visible: Interval): void {
    const wanted = `${path}\n${queryKey(query)}`;
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.path = path;
    this.query = query;
    this.lines = new Map();
    this.file = null;
    this.fetched = [];
    this.need(visible);
  }

  /** Makes sure that the lines [from, to) (1-based) and some around them come. */
  need([from, to]: Interval): void {
    if (this.query === null || this.fetched.some((known) => known[0] <= from && known[1] >= to)) return;
    const end = this.file === null ? to + margin : Math.min(to + margin, this.file.lineCount + 1);
    const lines: Interval = [Math.max(1, from - margin), Math.max(2, end)];
    if (lines[0] >= lines[1]) return;
    this.fetched.push(lines);
    const { wanted, path } = this;
    this.host
      .file({ ...this.query, path, lines })
      .then((file) => {
        if (wanted === this.wanted) this.add(file);
      })
      .catch((error: unknown) => {
        if (wanted === this.wanted) this.onFailed(path, error instanceof Error ? error.message : String(error));
      });
  }

  private add(file: FileTrace): void {
    this.file = file;
    for (const line of file.lines) this.lines.set(line.line, line);
    this.onLoaded({ path: this.path, file, lines: this.lines });
  }
}
