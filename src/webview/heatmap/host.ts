import type { FileTrace, Interval, TraceQuery, TraceSummary } from "../../shared/trace";
import { HeatmapView, type HeatmapViewState } from "../../shared/views";
import type { Channel } from "../common/channel";

/** Lines [from, to) (1-based) of one file for one query. */
export type FileQuery = TraceQuery & { readonly path: string; readonly lines: Interval };

/** Where the panel's data comes from, and who opens files. */
export interface HeatmapHost {
  /** Calls `listener` with the view's state, now or later, and at each change. */
  start(listener: (view: HeatmapViewState) => void): void;
  /** Sums by file. Rejects with a message for users. */
  query(query: TraceQuery): Promise<TraceSummary>;
  /** Lines with their tokens. Rejects with a message for users. */
  file(query: FileQuery): Promise<FileTrace>;
  /** Opens a file in the editor; null where there is none. */
  readonly open: ((path: string, line: number) => void) | null;
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

  query(query: TraceQuery): Promise<TraceSummary> {
    return this.channel.request(HeatmapView.query, query);
  }

  file(query: FileQuery): Promise<FileTrace> {
    return this.channel.request(HeatmapView.file, query);
  }

  readonly open = (path: string, line: number): void => this.channel.send(HeatmapView.open, { path, line });
}
