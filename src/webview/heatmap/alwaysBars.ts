import { baseName } from "../../shared/fileTree";
import type { TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setText } from "./dom";
import { count } from "./format";

/** The two ends of the context that are always attended to: hatched, since they are in no ratio. */
export class AlwaysBars {
  readonly element = h("div", { class: "always" });
  private readonly first = h("span");
  private readonly last = h("span");
  private readonly firstBar = h("div", { class: "always-bar hatch" }, this.first);
  private readonly lastBar = h("div", { class: "always-bar hatch grow" }, this.last);

  constructor() {
    this.element.append(this.firstBar, this.lastBar);
  }

  update(trace: TraceSummary): void {
    this.firstBar.hidden = trace.initialTokens === 0;
    setText(this.first, t("First {0}", count(trace.initialTokens)));
    setText(
      this.last,
      t("Last {0}: {1}", count(trace.localTokens), [...localFiles(trace), t("question"), t("answer")].join(", ")),
    );
  }
}

function localFiles({ localFiles: files, localPaths }: TraceSummary): string[] {
  const shown = files > localPaths.length ? localPaths.slice(0, -1) : localPaths;
  const names = shown.map(baseName);
  return files > shown.length ? [...names, t("{0} more files", files - shown.length)] : names;
}
