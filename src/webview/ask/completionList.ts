import { html, nothing, type TemplateResult } from "lit";
import { printable, splitPath } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import type { Completion, Option } from "./completion";

export const listId = "completion";
export const optionId = (index: number): string => `completion-${index}`;

/** The list of what can be mentioned, above the input. The focus stays in the input, which names the active option. */
export function renderCompletion(
  completion: Completion,
  take: (option: Option) => void,
): TemplateResult | typeof nothing {
  const { trigger, options, active } = completion;
  if (trigger === null || !completion.open) return nothing;
  const title = trigger.sign === "#" ? t("Editor selection") : t("Files, folders and symbols");
  return html`<div class="completion">
    <p class="completion-title dim small" aria-hidden="true">${title}</p>
    ${
      options.length === 0
        ? html`<p class="completion-none">
            ${trigger.sign === "#" ? t("Nothing is selected in the editor") : t("Nothing found")}
          </p>`
        : html`<ul id=${listId} role="listbox" aria-label=${title}>
            ${options.map(
              (option, index) =>
                html`<li
                  id=${optionId(index)}
                  role="option"
                  aria-selected=${index === active}
                  @mousedown=${(event: Event) => {
                    // The input keeps the focus.
                    event.preventDefault();
                    take(option);
                  }}
                >
                  ${renderOption(option, trigger.text)}
                </li>`,
            )}
          </ul>`
    }
  </div>`;
}

const icons = { file: "file", folder: "folder", symbol: "symbol-method" } as const;

function renderOption(option: Option, text: string): TemplateResult {
  if (option.type === "selection")
    return html`${icon("list-selection")}<bdi class="completion-label">#selection</bdi
      ><bdi class="completion-detail dim">${printable(option.selection.label)}</bdi>`;
  const { kind, label, detail } = option.candidate;
  const { name, folder } = kind === "symbol" ? { name: label, folder: detail } : splitPath(label.replace(/\/$/, ""));
  return html`${icon(icons[kind])}<bdi class="completion-label">${found(printable(name), text)}</bdi
    ><bdi class="completion-detail dim">${printable(folder)}</bdi>`;
}

/** The name with the part that was looked for made strong. */
function found(name: string, text: string): TemplateResult {
  const at = text === "" ? -1 : name.toLowerCase().indexOf(text.toLowerCase());
  return at < 0
    ? html`${name}`
    : html`${name.slice(0, at)}<b>${name.slice(at, at + text.length)}</b>${name.slice(at + text.length)}`;
}
