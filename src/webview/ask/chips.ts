import { html, nothing, type TemplateResult } from "lit";
import type { Mention } from "../../shared/protocol";
import { printable, splitPath } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";

/** What a question is about, as a row of chips; with `remove` each can be taken away. */
export function renderChips(
  about: string | null,
  mentions: readonly Mention[],
  remove?: { selection(): void; mention(mention: Mention): void },
): TemplateResult | typeof nothing {
  if (about === null && mentions.length === 0) return nothing;
  return html`<ul class="chips" aria-label=${t("The question is about")}>
    ${about === null ? nothing : chip("list-selection", about, remove === undefined ? undefined : () => remove.selection())}
    ${mentions.map((mention) =>
      chip(
        mention.startLine === undefined ? "file" : "symbol-method",
        mention.label.replace(/^@/, ""),
        remove === undefined ? undefined : () => remove.mention(mention),
      ),
    )}
  </ul>`;
}

function chip(symbol: string, label: string, remove: (() => void) | undefined): TemplateResult {
  const shown = printable(label);
  const name = splitPath(shown.replace(/\/$/, "")).name;
  return html`<li class="about" title=${shown}>
    ${icon(symbol)}<bdi>${name}</bdi>${
      remove === undefined
        ? nothing
        : html`<button type="button" aria-label=${t("Remove {0}", shown)} @click=${remove}>${icon("close")}</button>`
    }
  </li>`;
}
