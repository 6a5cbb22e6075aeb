import { html, nothing, type TemplateResult } from "lit";
import type { ModelEntry } from "../../shared/protocol";
import type { AskViewState } from "../../shared/views";
import { figureRow, gigabytes } from "../common/format";
import { t } from "../common/l10n";
import type { Actions } from "./actions";
import { banner, button } from "./panels";

/** Models that the panel offers; the quick pick has all. */
const offeredLimit = 3;

/** The panel of a missing model: a choice of models to download, or a file of the user's own. */
export function renderModelChoice({ status, models }: AskViewState, actions: Actions): TemplateResult {
  const offered = models
    .filter((model) => model.fits && model.path === null)
    .sort(byRecommendation)
    .slice(0, offeredLimit);
  const error = status.error;
  const text = error?.message ?? t("Longsight answers with a model on this machine; none is here yet.");
  const download = (event: Event): void => {
    const form = (event.currentTarget as Element).closest("section");
    const id = form?.querySelector<HTMLInputElement>("input:checked")?.value;
    if (id !== undefined) actions.download(id);
  };
  return html`
    ${banner(error === null ? "info" : "error", "warning", t("A model is needed"), html`<p>${text}</p>`, [])}
    <section class="choices">
      ${
        offered.length === 0
          ? nothing
          : html`<h2>${t("Choose a model")}</h2>
              <div role="radiogroup" aria-label=${t("Model")}>${offered.map(renderOption)}</div>`
      }
      <p class="buttons">
        ${offered.length === 0 ? nothing : html`<vscode-button icon="cloud-download" @click=${download}>${offered[0]?.interrupted === true ? t("Resume Download") : t("Download")}</vscode-button>`}
        ${button(t("Locate File…"), () => actions.run("locateModel"), true)}
        ${button(t("All Models…"), () => actions.run("chooseModel"), true)}
      </p>
      <p class="dim small">${t("Resumes when interrupted; the checksum is verified. Nothing leaves this machine.")}</p>
    </section>
  `;
}

function renderOption(model: ModelEntry, index: number): TemplateResult {
  return html`<label class="option">
    <input type="radio" name="model" value=${model.id} ?checked=${index === 0} />
    <span>
      <b>${model.name}</b> ${model.recommended ? html`<vscode-badge>${t("Fits this machine")}</vscode-badge>` : nothing}
      <span class="dim small number"> ${facts(model)} </span>
      ${model.note === "" ? nothing : html`<span class="dim small">${model.note}</span>`}
    </span>
  </label>`;
}

function facts(model: ModelEntry): string {
  const size = gigabytes(model.sizeBytes);
  const download = model.interrupted === true ? t("{0}, download paused", size) : t("{0} to download", size);
  return figureRow([download, t("{0} KB a token", Math.round(model.kvBytesPerToken / 1000)), model.license]);
}

/** An interrupted download first: the user has chosen it before. */
const byRecommendation = (a: ModelEntry, b: ModelEntry): number =>
  Number(b.interrupted ?? false) - Number(a.interrupted ?? false) ||
  Number(b.recommended) - Number(a.recommended) ||
  b.sizeBytes - a.sizeBytes;
