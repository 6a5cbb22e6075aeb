import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ConversationTurn } from "../../shared/views";
import { clock, compact, count, duration, figureRow, lift, splitPath } from "../common/format";
import { icon, iconButton } from "../common/icon";
import { t } from "../common/l10n";
import { liftClass } from "../common/liftClass";
import type { Actions } from "./actions";
import type { AnswerContent, CitationEvent, CopyEvent, PlacedEvent } from "./answerElement";
import { citationLabel } from "./citations";

/** Which citations of a turn have a chip in its text; the others are listed below it. */
export type Placed = ReadonlyMap<string, ReadonlySet<number>>;

/** What a turn needs besides its value. */
export interface TurnContext {
  readonly actions: Actions;
  readonly placed: Placed;
  setPlaced(turn: string, placed: ReadonlySet<number>): void;
  /** The newest turn: its list of files is unfolded. */
  readonly last: boolean;
  /** A panel above says why nothing can be asked now: a failed turn does not say it again. */
  readonly blocked: boolean;
  /** The engine is at work on something that comes before the answer. */
  readonly busy: boolean;
}

/** One question and its answer. */
export function renderTurn(turn: ConversationTurn, context: TurnContext): TemplateResult {
  const streaming = turn.state === "streaming" || turn.state === "waiting";
  const content: AnswerContent = turn;
  const { actions } = context;
  return html`
    <div class="question">
      ${turn.about === null ? nothing : html`<span class="about">${icon("file")} ${turn.about}</span>`}
      <p>${turn.question}</p>
    </div>
    <article class="answer" aria-label=${t("Answer")} aria-busy=${streaming}>
      <longsight-answer
        class=${turn.state === "streaming" ? "streaming" : ""}
        .content=${content}
        @longsight-placed=${(event: PlacedEvent) => context.setPlaced(turn.id, event.placed)}
        @longsight-copy=${(event: CopyEvent) => actions.copy(event.text)}
        @longsight-citation=${(event: CitationEvent) => {
          const citation = turn.citations[event.index];
          if (citation !== undefined) actions.openCitation(citation, event.toSide);
        }}
      ></longsight-answer>
      ${streaming ? renderWork(turn, context.busy) : nothing}
      ${turn.error === null ? nothing : context.blocked && context.last ? renderHeld() : renderFailure(turn, actions)}
      ${evidence(turn, context)} ${turn.asOf === null ? nothing : renderStamp(turn, actions)}
      ${turn.state === "done" || turn.state === "stopped" ? renderTools(turn, actions) : nothing}
    </article>
    ${turn.lookedAt.length === 0 ? nothing : renderLookedAt(turn, context)}
  `;
}

function renderWork(turn: ConversationTurn, busy: boolean): TemplateResult {
  const waiting = busy ? t("Answers when the workspace is read") : t("Reading the question");
  return html`<div class="work" aria-hidden="true">
    <span class="activity"><i></i></span>
    <span class="number dim">${turn.tokens === 0 ? waiting : t("{0} tokens", count(turn.tokens))}</span>
  </div>`;
}

function renderHeld(): TemplateResult {
  return html`<p class="stamp">
    ${icon("debug-pause")}<span>${t("Your question is kept; it can be asked once this is mended.")}</span>
  </p>`;
}

function renderFailure(turn: ConversationTurn, actions: Actions): TemplateResult {
  const retry = html`<button class="link" type="button" @click=${() => actions.retry(turn.id)}>
    ${t("Ask again")}
  </button>`;
  const log = html`<button class="link" type="button" @click=${() => actions.run("openLog")}>${t("Show log")}</button>`;
  return html`<div class="banner error" role="alert">
    ${icon("error")}
    <div>
      <p class="banner-text">${turn.error?.message}</p>
      <p>${turn.error?.wayOut}</p>
      <p class="small ways">${retry} ${log} <span>${turn.error?.code}</span></p>
    </div>
  </div>`;
}

function evidence(turn: ConversationTurn, { actions, placed }: TurnContext): TemplateResult | typeof nothing {
  const inText = placed.get(turn.id) ?? new Set<number>();
  const listed = turn.citations
    .map((citation, index) => ({ citation, index }))
    .filter(({ index }) => !inText.has(index));
  if (listed.length === 0) return nothing;
  const selected = listed.every(({ citation }) => citation.origin === "selected");
  return html`<div class="evidence">
    <span class="dim small">${selected ? t("Lines selected most while answering") : t("Also cited")}</span>
    <ul>
      ${listed.map(({ citation }) => {
        const changed = turn.changed.includes(citation.path);
        const open = (event: MouseEvent): void => actions.openCitation(citation, event.ctrlKey || event.metaKey);
        return html`<li>
          <button
            class=${changed ? "citation changed" : "citation"}
            type="button"
            title=${t("Open {0}", citation.path)}
            @click=${open}
          >
            ${citationLabel(citation)}
          </button>
        </li>`;
      })}
    </ul>
  </div>`;
}

function renderStamp(turn: ConversationTurn, actions: Actions): TemplateResult {
  const files =
    turn.context === null ? "" : t("{0} files, {1} tokens", count(turn.context.files), compact(turn.context.tokens));
  const stamp = t("As of {0}", clock(turn.asOf ?? ""));
  const dense =
    turn.attention === null || turn.attention === "esa"
      ? nothing
      : html`<p class="stamp">${icon("info")}<span>${t("Dense attention: {0}", turn.attention)}</span></p>`;
  if (turn.changed.length === 0) {
    return html`<p class="stamp">
        ${icon("history")}<span class="number">${figureRow([stamp, files].filter(Boolean))}</span>
      </p>
      ${dense}`;
  }
  const names = turn.changed.map((path) => splitPath(path).name).join(", ");
  return html`<p class="stamp stale">
      ${icon("warning")}
      <span>
        ${stamp}. ${t("Changed since: {0}.", names)}
        <button class="link" type="button" @click=${() => actions.retry(turn.id)}>${t("Ask again")}</button>
      </span>
    </p>
    ${dense}`;
}

function renderTools(turn: ConversationTurn, actions: Actions): TemplateResult {
  const { timings } = turn;
  const figures: string[] = [];
  if (turn.state === "stopped") figures.push(t("Stopped"));
  if (turn.stopReason === "length") figures.push(t("Cut at the limit"));
  if (timings !== null) {
    figures.push(t("{0} tokens", count(timings.generatedTokens)));
    if (timings.decode > 0) figures.push(t("{0} tokens/s", (timings.generatedTokens / timings.decode).toFixed(1)));
    figures.push(
      t(
        "first after {0}",
        timings.firstToken < 10 ? t("{0} s", timings.firstToken.toFixed(1)) : duration(timings.firstToken),
      ),
    );
  }
  return html`<div class="tools" role="toolbar" aria-label=${t("Answer actions")}>
    ${iconButton("copy", t("Copy answer"), () => actions.copy(turn.text))}
    ${iconButton("refresh", t("Ask again"), () => actions.retry(turn.id))}
    <span class="grow"></span>
    <span class="dim number small">${figureRow(figures)}</span>
  </div>`;
}

function renderLookedAt(turn: ConversationTurn, { actions, last }: TurnContext): TemplateResult {
  const trace = turn.trace;
  const show =
    trace === null
      ? nothing
      : html`<button class="link small" type="button" @click=${() => actions.showAttention(trace)}>
          ${icon("eye")} ${t("Show attention")}
        </button>`;
  return html`<section class="looked-at">
    <details ?open=${last}>
      <summary>
        <span class="codicon codicon-chevron-right" aria-hidden="true"></span> ${t("Looked at")}
        <span class="dim">${t("top {0}", turn.lookedAt.length)}</span>
      </summary>
      <ul aria-label=${t("Files selected most, by lift")}>
        ${repeat(
          turn.lookedAt,
          (file) => file.uri,
          (file) => {
            const { name, folder } = splitPath(file.path);
            const width = Math.max(2, Math.min(100, (100 * Math.log2(Math.max(1, file.lift))) / 4));
            return html`<li>
              <button type="button" class="file" title=${file.path} @click=${() => actions.openFile(file.uri)}>
                ${name} <span class="dim small">${folder}</span>
              </button>
              <span class="bar" aria-hidden="true"
                ><i class=${`lift-${liftClass(file.lift)}`} .style=${`width:${width}%`}></i
              ></span>
              <span class="number lift" aria-label=${t("lift {0}", lift(file.lift))}>${lift(file.lift)}</span>
            </li>`;
          },
        )}
      </ul>
    </details>
    ${show}
  </section>`;
}
