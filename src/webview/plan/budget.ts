/** The budget: what is used of it, why it is what it is, what it costs, what more would bring. */
import { html, nothing, type TemplateResult } from "lit";
import type { PlanResult } from "../../shared/protocol";
import { settingRanges } from "../../shared/ranges";
import { compact, count, gibibytes } from "../common/format";
import { t } from "../common/l10n";

/** A step of the number field, in tokens. */
const STEP = 16_384;
/** What "more" means here, in tokens: as in the plan's gain. */
const MORE = 65_536;

/**
 * @param setting the budget as set; 0: as much as fits
 * @param change takes another budget
 */
export function budgetSection(plan: PlanResult, setting: number, change: (tokens: number) => void): TemplateResult {
  const { budget, used, included } = plan;
  const estimated = plan.files.some((file) => file.included && file.estimated);
  const facts = [
    t("{0} in files + {1} for instructions and map", count(included.tokens), count(used - included.tokens)),
    plan.budgetReason,
    plan.memoryBytes > 0 ? t("{0} for keys and values", gibibytes(plan.memoryBytes)) : "",
    plan.model ?? "",
    estimated ? t("token counts are estimates") : "",
  ];
  return html`<section class="budget" aria-label=${t("Budget")}>
    <span class="track" aria-hidden="true"
      ><i .style=${`width:${Math.min(100, (100 * used) / Math.max(1, budget))}%`}></i
    ></span>
    <div class="figures">
      <p class="number">
        <b>${t("{0} of {1} tokens", count(used), count(budget))}</b>
        <span class="dim">${facts.filter(Boolean).join(" · ")}</span>
      </p>
      ${form(setting, change)}
    </div>
    ${gain(plan, setting, change)}
  </section>`;
}

function form(setting: number, change: (tokens: number) => void): TemplateResult {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).querySelector("input");
    if (field?.reportValidity() === true) change(Math.round(field.valueAsNumber));
  };
  return html`<form @submit=${submit} novalidate>
    <label for="budget">${t("Budget in tokens")}</label>
    <input
      id="budget"
      type="number"
      required
      min="0"
      max=${settingRanges.budget[1]}
      step="1"
      .value=${String(setting)}
      aria-describedby="budget-hint"
      @keydown=${byPages}
    />
    <span id="budget-hint" class="dim small">${t("0: as much as fits")}</span>
    <button type="submit" class="plain">${t("Apply")}</button>
  </form>`;
}

/** Arrows move by 16 k, pages by 64 k: single tokens are no choice. */
function byPages(event: KeyboardEvent): void {
  const steps: Record<string, number> = { ArrowUp: STEP, ArrowDown: -STEP, PageUp: MORE, PageDown: -MORE };
  const step = steps[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const field = event.currentTarget as HTMLInputElement;
  const now = Number.isNaN(field.valueAsNumber) ? 0 : field.valueAsNumber;
  field.value = String(Math.min(settingRanges.budget[1], Math.max(0, now + step)));
}

function gain({ gain: more, budget }: PlanResult, setting: number, change: (tokens: number) => void) {
  if (more === null || more === undefined) return nothing;
  const cost = more.memoryBytes > 0 ? t("; it takes {0} more", gibibytes(more.memoryBytes)) : "";
  const raised = budget + MORE;
  // Where the memory is the limit there is nothing to raise.
  const raise =
    setting > 0
      ? html`<button class="plain" type="button" @click=${() => change(raised)}>
          ${t("Raise to {0}", compact(raised))}
        </button>`
      : nothing;
  return html`<p class="gain number">
    <span>${t("64 k more tokens would bring {0} more files in as a whole", count(more.files))}${cost}.</span> ${raise}
  </p>`;
}
