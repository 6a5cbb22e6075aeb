import type { AskViewState } from "../../shared/views";
import { t } from "../common/l10n";
import { stageTitle } from "./panels";

/** Says the important changes once, for screen readers: never token by token, progress at every 25 %. */
export class Announcer {
  private answer = "";
  private quarter = "";

  /** What there is to say about `state` now; null when nothing new, empty when what was said no longer holds. */
  next(state: AskViewState): string | null {
    return this.nextAnswer(state) ?? this.nextProgress(state);
  }

  private nextAnswer({ turns }: AskViewState): string | null {
    const last = turns.at(-1);
    const working = last?.state === "waiting" || last?.state === "streaming";
    const key = last === undefined ? "" : `${last.id} ${working ? "working" : last.state}`;
    const before = this.answer;
    this.answer = key;
    if (last === undefined || key === before) return null;
    if (working) return t("Answering");
    // An answer that was there when the view opened is no news.
    if (!before.startsWith(last.id)) return null;
    if (last.state === "failed") return null;
    if (last.state === "stopped") return t("Answer stopped, {0} tokens", last.tokens);
    return t("Answer complete, {0} tokens, {1} citations", last.tokens, last.citations.length);
  }

  private nextProgress({ status: { progress, state, context } }: AskViewState): string | null {
    if (progress === null) {
      // Between two stages there is nothing to say; the end is said once, so that no stage stays as the last word.
      if (this.quarter === "" || state === "loading" || state === "planning" || state === "reading") return null;
      this.quarter = "";
      const read = context !== null && context.readTokens >= context.tokens;
      return read && (state === "ready" || state === "answering") ? t("The workspace is read") : "";
    }
    const quarter = progress.total === 0 ? 0 : Math.floor((4 * progress.done) / progress.total);
    const key = `${progress.stage} ${quarter}`;
    const before = this.quarter;
    this.quarter = key;
    return key === before ? null : t("{0}, {1} %", stageTitle(progress), quarter * 25);
  }
}
