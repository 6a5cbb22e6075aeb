import "@vscode-elements/elements/dist/vscode-button/index.js";
import { html, nothing, render, type TemplateResult } from "lit";
import { PlanView, type PlanViewState } from "../../shared/views";
import { Channel } from "../common/channel";
import { count, gibibytes } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import { vscodeApi } from "../common/vscodeApi";
import "./plan.css";
import { planTree, reasonCounts, type PlanFilter } from "./tree";
import { TreeGrid } from "./treeGrid";

const channel = new Channel();
const grid = new TreeGrid(
  (uri) => channel.send(PlanView.open, { uri }),
  () => draw(),
);
let state: PlanViewState | null = null;
let filter: PlanFilter = keptFilter(vscodeApi.getState());

channel.on(PlanView.state, (next) => {
  state = next;
  draw();
});
channel.start();
channel.send(PlanView.ready, {});

function draw(): void {
  const root = document.querySelector<HTMLElement>("#root");
  if (root !== null && state !== null) render(page(state), root);
}

function page({ kind, workspace, plan, error }: PlanViewState): TemplateResult {
  if (kind === "failed") {
    return html`<main class="message" role="alert">
      ${icon("error")}
      <p><b>${error?.message}</b><br />${error?.wayOut}</p>
      ${tools()}
    </main>`;
  }
  if (plan === null)
    return html`<main class="message" role="status">
      ${icon("loading codicon-modifier-spin")}
      <p>${t("Looking at the files…")}</p>
    </main>`;
  const { included, leftOut, budget, used } = plan;
  const estimated = plan.files.some((file) => file.included && file.estimated);
  const memory = plan.memoryBytes > 0 ? t("{0} for keys and values", gibibytes(plan.memoryBytes)) : "";
  return html`
    <header>
      <h1>${t("Context plan")}</h1>
      <p class="dim number">
        ${t("{0} · {1} of {2} files in, {3} left out", workspace ?? "", count(included.files), count(included.files + leftOut.files), count(leftOut.files))}
      </p>
      <span class="grow"></span>
      ${filters()} ${tools()}
    </header>
    <section class="budget" aria-label=${t("Budget")}>
      <span class="track" aria-hidden="true"
        ><i .style=${`width:${Math.min(100, (100 * used) / Math.max(1, budget))}%`}></i
      ></span>
      <p class="number">
        <b>${t("{0} of {1} tokens", count(used), count(budget))}</b>
        <span class="dim"
          >${[t("{0} in files + {1} for instructions and map", count(included.tokens), count(used - included.tokens)), plan.budgetReason, memory, plan.model, estimated ? t("token counts are estimates") : ""].filter(Boolean).join(" · ")}</span
        >
      </p>
    </section>
    ${
      leftOut.files === 0
        ? nothing
        : html`<section class="reasons" aria-label=${t("Left out")}>
            <b>${t("Left out")}</b>
            ${reasonCounts(plan.files).map(
              ({ reason, files, tokens }) =>
                html`<span class="number"
                  >${reason} <span class="dim">${t("{0} files, {1}", count(files), count(tokens))}</span></span
                >`,
            )}
          </section>`
    }
    ${grid.render(planTree(plan.files, filter))}
  `;
}

function filters(): TemplateResult {
  const option = (value: PlanFilter, label: string): TemplateResult =>
    html`<button
      type="button"
      aria-pressed=${filter === value}
      @click=${() => {
        filter = value;
        vscodeApi.setState({ filter });
        draw();
      }}
    >
      ${label}
    </button>`;
  return html`<div class="segments" role="group" aria-label=${t("Shown files")}>
    ${option("all", t("All"))} ${option("in", t("In"))} ${option("out", t("Left out"))}
  </div>`;
}

function tools(): TemplateResult {
  return html`
    <vscode-button secondary icon="settings-gear" @click=${() => channel.send(PlanView.settings, {})}
      >${t("Settings")}</vscode-button
    >
    <vscode-button secondary icon="refresh" @click=${() => channel.send(PlanView.refresh, {})}
      >${t("Plan again")}</vscode-button
    >
  `;
}

function keptFilter(kept: unknown): PlanFilter {
  const value = typeof kept === "object" && kept !== null ? (kept as { filter?: unknown }).filter : undefined;
  return value === "in" || value === "out" ? value : "all";
}
