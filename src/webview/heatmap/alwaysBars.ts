import type { TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setText } from "./dom";
import { count } from "./format";
import { baseName } from "./tree";

const shownNames = 2;

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

/** Files at the end of the context: more of them is always selected than the initial tokens could be. */
function localFiles({ files, initialTokens }: TraceSummary): string[] {
  const local = files.filter((file) => file.always > initialTokens).sort((a, b) => b.always - a.always);
  const names = local.slice(0, shownNames).map((file) => baseName(file.path));
  return local.length > shownNames ? [...names, t("{0} more files", local.length - shownNames)] : names;
}
