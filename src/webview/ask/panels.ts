/** What the view shows besides the conversation: the start page, and problems, each with its ways out. */
import { html, nothing, type TemplateResult } from "lit";
import type { EngineStatus, Progress } from "../../shared/protocol";
import type { AskViewState } from "../../shared/views";
import { clock, count, duration, figureRow, gigabytes } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import type { Actions } from "./actions";
import { renderModelChoice } from "./modelChoice";

/** Why no question can be asked now; null when one can. */
export type Obstacle = "folder" | "trust" | "model" | "memory" | "engine";

/** The one obstacle that the view shows; the first in this order. */
export function obstacleOf(state: AskViewState): Obstacle | null {
  if (state.workspace === null) return "folder";
  if (!state.trusted) return "trust";
  const { status } = state;
  if (status.error?.code === "LS-201") return "memory";
  if (status.state === "noModel") return "model";
  return status.state === "failed" && engineCodes.has(status.error?.code) ? "engine" : null;
}

const suggestionsShown = 4;

/** Errors after which the engine does not run. */
const engineCodes: ReadonlySet<string | undefined> = new Set(["LS-202", "LS-407", undefined]);

/** The panel of the obstacle or of the work that goes on. */
export function renderPanel(state: AskViewState, actions: Actions): TemplateResult | typeof nothing {
  switch (obstacleOf(state)) {
    case "folder":
      return banner(
        "info",
        "folder",
        t("No folder is open"),
        html`<p>${t("Open the repository that you want to ask about.")}</p>`,
        [button(t("Open Folder…"), () => actions.run("openFolder"))],
      );
    case "trust":
      return renderRestricted(actions);
    case "model":
      return state.status.progress?.stage === "download"
        ? renderProgress(state.status, state.status.progress, actions)
        : renderModelChoice(state, actions);
    case "memory":
      return renderMemory(state, actions);
    case "engine":
      return renderFailed(state.status, actions);
    case null:
      if (state.status.progress !== null) return renderProgress(state.status, state.status.progress, actions);
      if (isPaused(state.status)) return renderPaused(state.status, actions);
      return state.status.state === "failed" ? renderProblem(state, actions) : nothing;
  }
}

/** Reading in the background is held back, and there is something left to read. */
function isPaused({ paused, context }: EngineStatus): boolean {
  return paused === true && context !== null && context.readTokens < context.tokens;
}

function renderPaused({ context }: EngineStatus, actions: Actions): TemplateResult {
  const { readTokens, tokens } = context ?? { readTokens: 0, tokens: 0 };
  return banner(
    "info",
    "debug-pause",
    t("Reading is paused"),
    html`<p class="number">
      ${t("{0} of {1} tokens are read. Answers use these until it goes on.", count(readTokens), count(tokens))}
    </p>`,
    [button(t("Resume"), () => actions.run("resumeReading"))],
  );
}

/** The start page: what an answer will be based on. */
export function renderStart(state: AskViewState, actions: Actions, ask: (question: string) => void): TemplateResult {
  const { status } = state;
  const context = status.context;
  const row = (name: string, value: unknown, detail: string): TemplateResult =>
    html`<div>
      <dt>${name}</dt>
      <dd class="number">${value} <span class="dim">${detail}</span></dd>
    </div>`;
  return html`<section class="start">
    <h1>${t("Ask about {0}", state.workspace ?? "")}</h1>
    <p class="dim">${t("Every answer reads the whole packed workspace, on this machine.")}</p>
    <dl>
      ${row(t("Model"), status.model ?? t("not loaded yet"), status.backend ?? "")}
      ${
        context === null
          ? row(t("Context"), status.error === null ? t("looking at the files…") : t("not planned yet"), "")
          : row(
              t("Context"),
              t("{0} of {1} files", count(context.files), count(context.totalFiles)),
              t("{0} tokens", count(context.tokens)),
            )
      }
      ${context === null ? nothing : row(t("As of"), clock(context.asOf), "")}
    </dl>
    <button class="link" type="button" @click=${() => actions.run("showContextPlan")}>
      ${icon("list-tree")} ${t("See what is in and what is left out")}
    </button>
    ${
      context !== null && context.readTokens < context.tokens && status.progress === null && !isPaused(status)
        ? html`<p class="start-read">
            <vscode-button secondary @click=${() => actions.run("readWorkspace")}
              >${t("Read the workspace now")}</vscode-button
            >
            <span class="dim small">${t("Else it is read with the first question.")}</span>
          </p>`
        : nothing
    }
    ${
      state.suggestions.length === 0
        ? nothing
        : html`<h2 id="suggested">${t("From this repository")}</h2>
            <ul class="suggested" aria-labelledby="suggested">
              ${state.suggestions.slice(0, suggestionsShown).map(
                (question) =>
                  html`<li>
                    <button type="button" @click=${() => ask(question)}><bdi>${question}</bdi></button>
                  </li>`,
              )}
            </ul>`
    }
  </section>`;
}

/** Work that goes on, with what is done and what is left. */
function renderProgress(status: EngineStatus, progress: Progress, actions: Actions): TemplateResult {
  const part = progress.total > 0 ? Math.min(100, Math.floor((100 * progress.done) / progress.total)) : 0;
  const title = stageTitle(progress);
  const figures = [
    progress.unit === "bytes"
      ? t("{0} of {1}", gigabytes(progress.done), gigabytes(progress.total))
      : t("{0} of {1} {2}", count(progress.done), count(progress.total), progress.unit),
    progress.rate <= 0
      ? null
      : progress.unit === "bytes"
        ? t("{0}/s", gigabytes(progress.rate))
        : `${count(progress.rate)}/s`,
    progress.eta === null ? null : t("{0} left", duration(progress.eta)),
  ].filter((figure) => figure !== null);
  const reading = progress.stage === "prefill";
  return html`<div class="banner info">
    ${icon(reading ? "book" : "sync")}
    <div>
      <b>${title}${progress.total > 0 ? t(": {0}\u00a0%", part) : nothing}</b>
      ${reading ? html`<p>${t("Once read, it is kept: the next start only restores it.")}</p>` : nothing}
      <div
        class="progress"
        role="progressbar"
        aria-label=${title}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${part}
      >
        <i .style=${`width:${part}%`}></i>
      </div>
      <p class="number small">${figureRow(figures)}</p>
      ${progress.stage === "download" ? renderPauseDownload(actions) : nothing}
      ${
        status.state === "reading"
          ? html`<p class="ways">
              <button class="link" type="button" @click=${() => actions.run("pauseReading")}>${t("Pause")}</button>
              <button class="link" type="button" @click=${() => actions.run("cancelReading")}>${t("Cancel")}</button>
              <button class="link" type="button" @click=${() => actions.run("showContextPlan")}>
                ${t("Show plan")}
              </button>
            </p>`
          : nothing
      }
    </div>
  </div>`;
}

function renderPauseDownload(actions: Actions): TemplateResult {
  return html`<p class="ways">
    <button class="link" type="button" @click=${() => actions.run("pauseDownload")}>${t("Pause")}</button>
    <span>${t("It goes on where it stopped.")}</span>
  </p>`;
}

/** What the engine is doing, as a title. */
export function stageTitle({ stage }: Progress): string {
  const titles: Record<Progress["stage"], string> = {
    walk: t("Looking at the files"),
    tokenize: t("Counting tokens"),
    load: t("Loading the model"),
    calibrate: t("Calibrating the model, once"),
    restore: t("Restoring what was read"),
    prefill: t("Reading the workspace"),
    save: t("Saving what was read"),
    download: t("Downloading the model"),
  };
  return titles[stage];
}

function renderRestricted(actions: Actions): TemplateResult {
  const text = t(
    "Longsight reads no files until you trust this workspace. Settings of the workspace that name models or folders are ignored.",
  );
  return html`
    ${banner("info", "lock", t("Restricted Mode"), html`<p>${text}</p>`, [button(t("Manage Trust"), () => actions.run("manageTrust"))])}
    <section class="start">
      <h1>${t("What trusting changes")}</h1>
      <ul class="points">
        <li>${t("Files are packed and read on this machine.")}</li>
        <li>${t("Nothing in the workspace is run.")}</li>
        <li>${t("Nothing is sent anywhere.")}</li>
      </ul>
    </section>
  `;
}

function renderMemory({ status }: AskViewState, actions: Actions): TemplateResult {
  const budget = status.context?.budget ?? 0;
  const half =
    budget > 0 ? t("{0} tokens instead of {1}.", count(budget / 2), count(budget)) : t("Half of the token budget.");
  const way = (title: string, detail: string, run: () => void, badge = ""): TemplateResult =>
    html`<li>
      <button type="button" @click=${run}>
        <span><b>${title}</b> ${badge === "" ? nothing : html`<vscode-badge>${badge}</vscode-badge>`}</span>
        <span class="dim number">${detail}</span>
      </button>
    </li>`;
  return html`
    ${banner(
      "error",
      "error",
      t("Not enough memory"),
      html`<p class="number">${status.error?.message}</p>
        ${details(status, actions)}`,
      [],
    )}
    <section class="choices">
      <h2>${t("Ways out")}</h2>
      <ul>
        ${way(t("Use a smaller context"), half, () => actions.run("smallerContext"), t("Quickest"))}
        ${way(t("Switch to a smaller model"), t("It needs less for itself and for each token."), () => actions.run("chooseModel"))}
        ${way(t("Try again"), t("After closing other programs."), () => actions.run("readWorkspace"))}
      </ul>
    </section>
  `;
}

function renderFailed(status: EngineStatus, actions: Actions): TemplateResult {
  const text = html`<p>${status.error?.message ?? t("The engine stopped.")}</p>
    <p>${status.error?.wayOut}</p>
    ${details(status, actions)}`;
  return banner("error", "error", t("The engine is not running"), text, [
    button(t("Restart Engine"), () => actions.run("restartEngine")),
    button(t("Show Log"), () => actions.run("openLog"), true),
  ]);
}

/** A failure that does not keep the user from asking; one that an answer shows already is not shown twice. */
function renderProblem({ status, turns }: AskViewState, actions: Actions): TemplateResult | typeof nothing {
  if (turns.at(-1)?.error?.code === status.error?.code) return nothing;
  const text = html`<p>${status.error?.wayOut}</p>
    ${details(status, actions)}`;
  return banner("error", "error", status.error?.message ?? "", text, [
    button(t("Try Again"), () => actions.run("readWorkspace")),
    button(t("Show Plan"), () => actions.run("showContextPlan"), true),
  ]);
}

function details(status: EngineStatus, actions: Actions): TemplateResult {
  return html`<p class="small ways">
    <span>${status.error?.code}</span>
    <button class="link" type="button" @click=${() => actions.run("openLog")}>${t("Show log")}</button>
  </p>`;
}

/** A framed message with an icon; errors are announced once. */
export function banner(
  kind: "info" | "error",
  symbol: string,
  title: string,
  body: TemplateResult,
  buttons: readonly TemplateResult[],
): TemplateResult {
  return html`<div class=${`banner ${kind}`} role=${kind === "error" ? "alert" : "status"}>
    ${icon(symbol)}
    <div>
      <b>${title}</b>
      ${body} ${buttons.length === 0 ? nothing : html`<p class="buttons">${buttons}</p>`}
    </div>
  </div>`;
}

/** A button of the theme. */
export const button = (label: string, click: () => void, secondary = false): TemplateResult =>
  html`<vscode-button ?secondary=${secondary} @click=${click}>${label}</vscode-button>`;
