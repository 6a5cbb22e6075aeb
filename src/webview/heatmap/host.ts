import type {
  FileTrace,
  Interval,
  MapScope,
  RankedRows,
  RankQuery,
  TraceComparison,
  TraceMap,
  TraceQuery,
  TraceSums,
} from "../../shared/trace";
import { HeatmapView, type ExportFormat, type HeatmapViewState } from "../../shared/views";
import type { Channel } from "../common/channel";

/** Lines [from, to) (1-based) of one file for one query. */
export type FileQuery = TraceQuery & { readonly path: string; readonly lines: Interval };

/** What only an editor around the page can do. */
export interface EditorActions {
  /** Opens a file of the trace at a line. */
  open(path: string, line: number): void;
  /** Pins the shown answer as A, or ends the comparison. */
  compare(on: boolean): void;
  /** A becomes B. */
  swap(): void;
  /** Saves the heatmap; `content` where the page makes it: base64 of PNG, or text. */
  export(format: ExportFormat, content: string | null): void;
  /** The answer token of the steps that selected a place most; null when none did. */
  mostSelecting(query: FileQuery): Promise<Interval | null>;
}

/** Where the panel's data comes from. Promises reject with a message for users. */
export interface HeatmapHost {
  /** Calls `listener` with the view's state, now or later, and at each change. */
  start(listener: (view: HeatmapViewState) => void): void;
  map(id: string, scope: MapScope): Promise<TraceMap>;
  /** Sums over the regions of a map. @param on the trace whose map it is, when it is not the query's */
  sums(query: TraceQuery, scope: MapScope, on: string | null): Promise<TraceSums>;
  rows(query: RankQuery): Promise<RankedRows>;
  compare(first: TraceQuery, second: TraceQuery): Promise<TraceComparison>;
  /** Lines with their tokens. */
  file(query: FileQuery): Promise<FileTrace>;
  /** Null in a self-contained page. */
  readonly editor: EditorActions | null;
  readonly keeping: StateKeeper;
}

/** Keeps a small value over a reload of the window. */
export interface StateKeeper {
  getState(): unknown;
  setState(state: unknown): void;
}

/** The panel inside VS Code: the extension host answers. */
export class PanelHost implements HeatmapHost {
  constructor(
    private readonly channel: Channel,
    readonly keeping: StateKeeper,
  ) {}

  start(listener: (view: HeatmapViewState) => void): void {
    this.channel.on(HeatmapView.state, listener);
    this.channel.start();
    this.channel.send(HeatmapView.ready, {});
  }

  map(id: string, scope: MapScope): Promise<TraceMap> {
    return this.channel.request(HeatmapView.map, { id, ...scope });
  }

  sums(query: TraceQuery, map: MapScope, on: string | null): Promise<TraceSums> {
    return this.channel.request(HeatmapView.sums, { ...query, map, ...(on !== null && { on }) });
  }

  rows(query: RankQuery): Promise<RankedRows> {
    return this.channel.request(HeatmapView.rows, query);
  }

  compare(first: TraceQuery, second: TraceQuery): Promise<TraceComparison> {
    return this.channel.request(HeatmapView.compareAnswers, { first, second });
  }

  file(query: FileQuery): Promise<FileTrace> {
    return this.channel.request(HeatmapView.file, query);
  }

  readonly editor: EditorActions = {
    open: (path, line) => this.channel.send(HeatmapView.open, { path, line }),
    compare: (on) => this.channel.send(HeatmapView.compare, { on }),
    swap: () => this.channel.send(HeatmapView.swap, {}),
    export: (format, content) => this.channel.send(HeatmapView.export, { format, content }),
    mostSelecting: async (query) => {
      const steps = await this.channel.request(HeatmapView.selectingSteps, query);
      const most = steps.reduce((best, step) => (step.selected > best.selected ? step : best), {
        step: -1,
        selected: 0,
      });
      return most.step < 0 ? null : [most.step, most.step + 1];
    },
  };
}
