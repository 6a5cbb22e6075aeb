import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ConversationTurn } from "../../shared/views";
import { lift, printable, splitPath } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import { liftClass } from "../common/liftClass";
import type { Actions } from "./actions";

/** The files that stand out in what the answer selected. */
export function renderLookedAt(
  turn: ConversationTurn,
  actions: Actions,
  open: boolean,
  fold: (open: boolean) => void,
): TemplateResult | typeof nothing {
  if (turn.lookedAt.length === 0) return nothing;
  const trace = turn.trace;
  const show =
    trace === null
      ? nothing
      : html`<button class="link small" type="button" @click=${() => actions.showAttention(trace)}>
          ${icon("eye")} ${t("Show attention")}
        </button>`;
  return html`<section class="looked-at">
    <details ?open=${open} @toggle=${(event: Event) => fold((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>
        <span class="codicon codicon-chevron-right" aria-hidden="true"></span> ${t("Looked at")}
        <span class="dim">${t("top {0}", turn.lookedAt.length)}</span>
      </summary>
      <ul aria-label=${t("Files selected most, by lift")}>
        ${repeat(
          turn.lookedAt,
          (file) => file.uri,
          (file) => {
            const path = printable(file.path);
            const { name, folder } = splitPath(path);
            const width = Math.max(2, Math.min(100, (100 * Math.log2(Math.max(1, file.lift))) / 4));
            return html`<li>
              <button type="button" class="file" title=${path} @click=${() => actions.openFile(file.uri)}>
                <bdi>${name}</bdi> <bdi class="dim small">${folder}</bdi>
              </button>
              <span class="bar" aria-hidden="true"
                ><i class=${`lift-${liftClass(file.lift)}`} .style=${`width:${width}%`}></i
              ></span>
              <span class="number lift"><span class="sr-only">${t("lift")} </span>${lift(file.lift)}</span>
            </li>`;
          },
        )}
      </ul>
    </details>
    ${show}
  </section>`;
}
