import { html, nothing, type TemplateResult } from "lit";
import type { ConversationTurn } from "../../shared/views";
import { clock, compact, count, duration, figureRow, printable, splitPath } from "../common/format";
import { icon, iconButton } from "../common/icon";
import { t } from "../common/l10n";
import type { Actions } from "./actions";
import type { AnswerContent, CitationEvent, CopyEvent, PlacedEvent } from "./answerElement";
import { renderChips } from "./chips";
import { citationLabel, citationTitle } from "./citations";
import { followUps } from "./followUps";
import { renderLookedAt } from "./lookedAt";
import { renderNotices } from "./notices";

/** Which citations of a turn have a chip in its text; the others are listed below it. */
export type Placed = ReadonlyMap<string, ReadonlySet<number>>;

/** What a turn needs besides its value. */
export interface TurnContext {
  readonly actions: Actions;
  readonly placed: Placed;
  setPlaced(turn: string, placed: ReadonlySet<number>): void;
  /** The newest turn: its list of files is unfolded. */
  readonly last: boolean;
  /** All questions of the conversation. */
  readonly asked: readonly string[];
  /** The list of files is unfolded. */
  readonly unfolded: boolean;
  fold(open: boolean): void;
  /** Puts the question into the input, to ask it in another way. */
  edit(): void;
  readonly ask: (question: string) => void;
  /** Nothing can be asked now: another answer is being written. */
  readonly answering: boolean;
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
      ${renderChips(turn.about, turn.mentions)}
      <p dir="auto">${turn.question}</p>
      ${context.answering ? nothing : html`<span class="question-tools">${iconButton("edit", t("Edit and ask again"), () => context.edit())}</span>`}
    </div>
    <article class="answer" data-turn=${turn.id} aria-label=${t("Answer")} aria-busy=${streaming}>
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
      ${turn.error === null ? nothing : context.blocked && context.last ? renderHeld() : renderFailure(turn, context)}
      ${turn.state === "interrupted" ? renderInterrupted(turn, context) : nothing} ${evidence(turn, context)}
      ${renderNotices(turn)} ${turn.asOf === null ? nothing : renderStamp(turn, context)}
      ${turn.state === "done" || turn.state === "stopped" ? renderTools(turn, context) : nothing}
    </article>
    ${renderLookedAt(turn, actions, context.unfolded, (open) => context.fold(open))}
    ${context.last && !context.answering && !context.blocked ? renderFollowUps(turn, context) : nothing}
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

/** A link that asks the question again; while another is being answered there is none. */
function again(turn: ConversationTurn, { actions, answering }: TurnContext): TemplateResult | typeof nothing {
  if (answering) return nothing;
  return html`<button class="link" type="button" @click=${() => actions.retry(turn.id)}>${t("Ask again")}</button>`;
}

function renderInterrupted(turn: ConversationTurn, context: TurnContext): TemplateResult {
  return html`<p class="stamp">
    ${icon("debug-disconnect")}<span>${t("Interrupted before there was an answer.")} ${again(turn, context)}</span>
  </p>`;
}

function renderFollowUps(turn: ConversationTurn, { asked, ask }: TurnContext): TemplateResult | typeof nothing {
  const questions = followUps(turn, asked);
  if (questions.length === 0) return nothing;
  return html`<section class="suggestions" aria-label=${t("Follow-up questions")}>
    <ul>
      ${questions.map(
        (question) =>
          html`<li>
            <button type="button" @click=${() => ask(question)}>${icon("reply")}<bdi>${question}</bdi></button>
          </li>`,
      )}
    </ul>
  </section>`;
}

function renderFailure(turn: ConversationTurn, context: TurnContext): TemplateResult {
  const { actions } = context;
  const retry = again(turn, context);
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
      ${listed.map(({ citation, index }) => {
        const changed = turn.changed.includes(citation.path);
        const open = (event: MouseEvent): void => actions.openCitation(citation, event.ctrlKey || event.metaKey);
        return html`<li>
          <button
            class=${changed ? "citation changed" : "citation"}
            type="button"
            data-listed=${index}
            aria-label=${citationTitle(citation, changed)}
            @click=${open}
          >
            ${citationLabel(citation)}
          </button>
        </li>`;
      })}
    </ul>
  </div>`;
}

function renderStamp(turn: ConversationTurn, context: TurnContext): TemplateResult {
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
  const names = turn.changed.map((path) => printable(splitPath(path).name)).join(", ");
  return html`<p class="stamp stale">
      ${icon("warning")}
      <span> ${stamp}. ${t("Changed since: {0}.", names)} ${again(turn, context)} </span>
    </p>
    ${dense}`;
}

function renderTools(turn: ConversationTurn, { actions, answering }: TurnContext): TemplateResult {
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
    ${answering ? nothing : iconButton("refresh", t("Ask again"), () => actions.retry(turn.id))}
    <span class="grow"></span>
    <span class="dim number small">${figureRow(figures)}</span>
  </div>`;
}
