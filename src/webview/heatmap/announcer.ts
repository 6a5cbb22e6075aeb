import { baseName } from "../../shared/fileTree";
import { t } from "../common/l10n";
import { h, setText } from "./dom";
import { lift } from "./format";
import { queryKey, type HeatmapState } from "./state";
import { Changes, type View } from "./store";

/** Says to screen readers, politely, what was pinned and what it selected most. Hovering is never said. */
export class Announcer implements View {
  readonly element = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });
  private readonly changes = new Changes();
  private first = true;

  update(state: HeatmapState): void {
    const { trace, committed, pinned } = state;
    if (trace === null || committed === null || !this.changes.since(queryKey(committed.query))) return;
    if (this.first) {
      this.first = false;
      return;
    }
    const most = committed.sums.most.map((file) => t("{0}, lift {1}", baseName(file.path), lift(file.lift))).join("; ");
    setText(this.element, t("{0}. Most selected: {1}.", subject(state, pinned), most));
  }
}

function subject({ trace, phase }: HeatmapState, pinned: HeatmapState["pinned"]): string {
  if (phase === "question") return t("Reading the question");
  if (pinned === null) return t("Whole answer");
  const tokens = trace?.answer.filter(({ step }) => step >= pinned[0] && step < pinned[1]) ?? [];
  const [only] = tokens;
  return only !== undefined && tokens.length === 1
    ? t("{0} pinned", only.text.trim())
    : t("{0} tokens pinned", tokens.length);
}
