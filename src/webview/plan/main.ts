import "@vscode-elements/elements/dist/vscode-button/index.js";
import { html, nothing, render, type TemplateResult } from "lit";
import type { PlannedFile } from "../../shared/protocol";
import { PlanView, type PlanViewState } from "../../shared/views";
import { Channel } from "../common/channel";
import { count, printable } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import { vscodeApi } from "../common/vscodeApi";
import { budgetSection } from "./budget";
import "./plan.css";
import { planTree, reasonCounts, type PlanFilter, type PlanNode } from "./tree";
import { TreeGrid } from "./treeGrid";

const channel = new Channel();
const grid = new TreeGrid(
  (uri) => channel.send(PlanView.open, { uri }),
  (action, path) => channel.send(PlanView.change, { action, path }),
  () => draw(),
);
let state: PlanViewState | null = null;
let filter: PlanFilter = keptFilter(vscodeApi.getState());
let words = "";

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

function page({ kind, workspace, plan, budget: setting, limited, error }: PlanViewState): TemplateResult {
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
  const { included, leftOut } = plan;
  const outlines = plan.files.filter((file) => file.outline === true).length;
  return html`
    <header>
      <h1>${t("Context plan")}</h1>
      <p class="dim number">
        ${t("{0} · {1} of {2} files in, {3} left out", printable(workspace ?? ""), count(included.files), count(included.files + leftOut.files), count(leftOut.files))}${outlines === 0 ? nothing : t(", {0} as outlines", count(outlines))}
      </p>
      <span class="grow"></span>
      ${filters()} ${tools()}
    </header>
    ${budgetSection(plan, setting, (tokens) => channel.send(PlanView.budget, { tokens }))}
    ${limited ? limitNotice() : nothing}
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
    ${grid.render(treeOf(plan.files), words !== "")}
  `;
}

let tree: { readonly files: readonly PlannedFile[]; readonly key: string; readonly root: PlanNode } | null = null;

/** Folding and moving through rows draws again: the tree of the same files is made once. */
function treeOf(files: readonly PlannedFile[]): PlanNode {
  const key = `${filter} ${words}`;
  if (tree?.files !== files || tree.key !== key) tree = { files, key, root: planTree(files, filter, words) };
  return tree.root;
}

function limitNotice(): TemplateResult {
  return html`<section class="notice">
    ${icon("filter")}
    <p>${t("The context is limited to folders that were chosen.")}</p>
    <button class="link" type="button" @click=${() => channel.send(PlanView.allFolders, {})}>
      ${t("Use all folders")}
    </button>
  </section>`;
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
  return html`<input
      type="search"
      class="words"
      placeholder=${t("Filter by name or reason")}
      aria-label=${t("Filter by name or reason")}
      .value=${words}
      @input=${(event: Event) => {
        words = (event.target as HTMLInputElement).value;
        draw();
      }}
    />
    <div class="segments" role="group" aria-label=${t("Shown files")}>
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
