import { standaloneDataId } from "../../shared/heatmapPage";
import type { FileTrace, StandaloneTrace, TraceQuery, TraceSummary } from "../../shared/trace";
import type { HeatmapViewState } from "../../shared/views";
import { t } from "../common/l10n";
import type { FileQuery, HeatmapHost, StateKeeper } from "./host";
import { StandaloneSums } from "./sums";

/** The data of a self-contained page, or null inside VS Code. */
export function embeddedTrace(): StandaloneTrace | null {
  const element = document.getElementById(standaloneDataId);
  return element === null ? null : (JSON.parse(element.textContent) as StandaloneTrace);
}

/** A self-contained page: everything is in it, and no editor is near. */
export class StandaloneHost implements HeatmapHost {
  readonly open = null;
  readonly keeping: StateKeeper = { getState: () => null, setState: () => undefined };
  private readonly sums: StandaloneSums;

  constructor(private readonly data: StandaloneTrace) {
    this.sums = new StandaloneSums(data);
  }

  start(listener: (view: HeatmapViewState) => void): void {
    listener({ kind: "trace", summary: this.data.answer, error: null });
  }

  query(query: TraceQuery): Promise<TraceSummary> {
    return Promise.resolve(this.sums.summary(query));
  }

  /** Lines of the whole answer, whatever the query's steps and layers: `scope` says so. */
  file({ path, lines: [from, to] }: FileQuery): Promise<FileTrace> {
    const file = this.data.files.find((candidate) => candidate.path === path);
    if (file === undefined)
      return Promise.reject(new Error(t("This page holds the lines of the most selected files only.")));
    const lines = file.lines.filter(({ line }) => line >= from && line < to);
    return Promise.resolve({ ...file, lines, scope: "answer" });
  }
}
