/** What a reader must know to judge an answer: what it could not see, and what it may have made up. */
import { html, nothing, type TemplateResult } from "lit";
import type { ConversationTurn } from "../../shared/views";
import { count, printable } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";

/** Names that are listed; the rest is counted. */
const namesShown = 5;

export function renderNotices(turn: ConversationTurn): TemplateResult | typeof nothing {
  const notices = [partial(turn), dropped(turn), unknown(turn)].filter((notice) => notice !== null);
  return notices.length === 0 ? nothing : html`${notices}`;
}

function notice(symbol: string, text: unknown, severe = false): TemplateResult {
  return html`<p class=${severe ? "stamp stale" : "stamp"}>${icon(symbol)}<span>${text}</span></p>`;
}

function partial({ context, asOf }: ConversationTurn): TemplateResult | null {
  const { files, plannedFiles = 0 } = context ?? { files: 0 };
  if (asOf === null || plannedFiles <= files) return null;
  return notice("book", t("Read {0} of {1} files when asked.", count(files), count(plannedFiles)), true);
}

function dropped({ droppedTurns }: ConversationTurn): TemplateResult | null {
  if (droppedTurns === 0) return null;
  const text =
    droppedTurns === 1
      ? t("The first question of this conversation had no room any more.")
      : t("The first {0} questions of this conversation had no room any more.", droppedTurns);
  return notice("fold-up", text);
}

function unknown({ unknownNames }: ConversationTurn): TemplateResult | null {
  if (unknownNames.length === 0) return null;
  const names = unknownNames.slice(0, namesShown).map((name) => html` <code>${printable(name)}</code>`);
  const more = unknownNames.length - namesShown;
  return notice(
    "question",
    html`${t("Not found in what was read:")}${names}${more > 0 ? ` ${t("and {0} more", more)}` : nothing}`,
    true,
  );
}
