import { html, nothing, type TemplateResult } from "lit";
import type { EngineStatus } from "../../shared/protocol";
import { compact, count } from "../common/format";
import { t } from "../common/l10n";
import type { Actions } from "./actions";

/** How much of the budget the context takes and how much of it is read; opens the plan. */
export function renderMeter(
  { context, state, error, progress }: EngineStatus,
  actions: Actions,
): TemplateResult | typeof nothing {
  if (context === null) return nothing;
  const total = Math.max(context.budget, context.tokens, 1);
  const reading = state === "reading" || (context.readTokens > 0 && context.readTokens < context.tokens);
  const read = progress?.stage === "prefill" ? Math.max(context.readTokens, progress.done) : context.readTokens;
  const filled = reading ? read : context.tokens;
  const width = (tokens: number): string => `width:${Math.min(100, (100 * tokens) / total).toFixed(2)}%`;
  const text = reading
    ? t("{0} of {1} tokens read", compact(read), compact(context.tokens))
    : t("{0} of {1} tokens", compact(context.tokens), compact(total));
  const files = t("{0} of {1} files", count(context.files), count(context.totalFiles));
  return html`<button class="meter" type="button" @click=${() => actions.run("showContextPlan")}>
    <span class="sr-only">${t("Context:")}</span>
    <span class="track" aria-hidden="true">
      <i class=${error?.code === "LS-201" ? "fill bad" : "fill"} .style=${width(filled)}></i>
      <i class="hatch" .style=${width(context.tokens - filled)}></i>
    </span>
    <span class="meter-text number"
      ><span>${text}<span class="sr-only">,</span></span
      ><span class="dim">${files}</span></span
    >
    <span class="sr-only">${t("Open context plan")}</span>
  </button>`;
}
