import { t } from "../common/l10n";
import { h } from "./dom";
import { count } from "./format";
import { icon, type IconName } from "./icons";
import type { HeatmapState } from "./state";
import { Changes, type View } from "./store";

/** What is said in place of the map; null when there is one. */
interface Notice {
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
  readonly hint?: string;
}

/** The states without a map: nothing asked yet, loading, failed, and nothing that could be selected. */
export class NoticeView implements View {
  readonly element = h("section", { class: "notice", role: "status" });
  private readonly changes = new Changes();

  update(state: HeatmapState): void {
    if (!this.changes.since(state.kind, state.error, state.trace)) return;
    const notice = noticeFor(state);
    this.element.hidden = notice === null;
    this.element.replaceChildren();
    if (notice === null) return;
    this.element.append(icon(notice.icon), h("h2", {}, notice.title), h("p", { class: "dim" }, notice.text));
    if (notice.hint !== undefined) this.element.append(h("p", {}, notice.hint));
    if (state.kind === "loading") this.element.append(h("div", { class: "loading-line" }));
  }
}

/** True when the panel has a map to show. */
export function hasMap(state: HeatmapState): boolean {
  return noticeFor(state) === null;
}

function noticeFor({ kind, error, trace }: HeatmapState): Notice | null {
  if (kind === "empty") {
    return {
      icon: "map",
      title: t("No answer yet"),
      text: t(
        "Ask a question; the files, lines and tokens that were selected for each word of the answer appear here.",
      ),
    };
  }
  if (kind === "loading")
    return { icon: "wait", title: t("Adding up"), text: t("The selections of the answer are being added up.") };
  if (kind === "failed" || trace === null) {
    return {
      icon: "warning",
      title: t("The attention cannot be shown"),
      text: error?.message ?? t("The trace is missing."),
      ...(error !== null && { hint: error.wayOut }),
    };
  }
  if (trace.selectingLayers.length === 0) {
    return {
      icon: "info",
      title: t("Nothing was selected"),
      text: t("Every layer of {0} attends to the whole context, so no token was picked over another.", trace.model),
    };
  }
  if (trace.selectableTokens === 0 || trace.selections === 0) {
    return {
      icon: "info",
      title: t("Everything was selected"),
      text: t(
        "The context is not longer than the {0} tokens that are always attended to, so every token was. There is nothing to compare.",
        count(trace.initialTokens + trace.localTokens),
      ),
    };
  }
  return null;
}
