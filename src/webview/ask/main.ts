import "@vscode-elements/elements/dist/vscode-badge/index.js";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import { html, nothing, render, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { AskView, type AskViewState } from "../../shared/views";
import { Channel } from "../common/channel";
import { t } from "../common/l10n";
import { Actions } from "./actions";
import { Announcer } from "./announcer";
import "./answerElement";
import "./ask.css";
import { renderComposer } from "./composer";
import { ComposerInput, refresh } from "./composerInput";
import { HistoryPage } from "./history";
import { obstacleOf, renderPanel, renderStart } from "./panels";
import { CitationPreview } from "./preview";
import { Scrolling } from "./scrolling";
import { Store } from "./store";
import { renderTurn, type TurnContext } from "./turn";

const root = element("#root");
const channel = new Channel();
const actions = new Actions(channel);
const store = new Store();
const announcer = new Announcer();
const composer = new ComposerInput(store, actions, () => draw());
const history = new HistoryPage(actions, () => draw(), showConversation);
const scrolling = new Scrolling(store);
const placed = new Map<string, ReadonlySet<number>>();
new CitationPreview(root, citationOf, (citation) => actions.preview(citation));
let frame = 0;
/** The page was just shown: what was typed and where the reader was comes back. */
let fresh = true;

channel.on(AskView.state, (state) => {
  store.replace(state);
  draw();
});
channel.on(AskView.delta, ({ id, text, tokens }) => {
  store.append(id, text, tokens);
  frame ||= requestAnimationFrame(draw);
});
channel.on(AskView.showHistory, showHistory);
window.addEventListener("focus", () => {
  // The command that shows the view means its input; a click on something else keeps its focus.
  if (document.activeElement === document.body) (questionInput() ?? searchInput())?.focus();
});
channel.start();
channel.send(AskView.ready, {});
if (store.kept.page === "history") void history.load();

function draw(): void {
  cancelAnimationFrame(frame);
  frame = 0;
  const state = store.state;
  if (state === null) return;
  const found = composer.completion.news;
  const said = announcer.next(state) ?? (found === null ? null : t("{0} found", found));
  const inHistory = store.kept.page === "history" && state.workspace !== null && state.trusted;
  render(
    html`
      ${inHistory ? history.render(state.conversation?.id ?? null) : renderConversation(state)}
      <div id="announcer" class="sr-only" role="status" aria-live="polite"></div>
    `,
    root,
  );
  if (said !== null) element("#announcer").textContent = said;
  if (inHistory) return;
  takeDraft();
  if (fresh) restore();
  else scrolling.follow(state.turns.length);
  fresh = false;
}

function renderConversation(state: AskViewState): TemplateResult {
  const { turns } = state;
  const blocked = obstacleOf(state) !== null;
  const empty = turns.length === 0 && !blocked && !state.restoring;
  return html`<main
      class="conversation"
      role="log"
      aria-label=${t("Conversation")}
      aria-live="off"
      tabindex="-1"
      @scroll=${scrolling.remember}
    >
      ${renderPanel(state, actions)} ${empty ? renderStart(state, actions, ask) : nothing}
      ${repeat(
        turns,
        (turn) => turn.id,
        (turn, index) => renderTurn(turn, turnContext(state, index, blocked)),
      )}
    </main>
    <footer class="composer">${renderComposer(state, store, actions, composer)}</footer>`;
}

function turnContext({ turns, status }: AskViewState, index: number, blocked: boolean): TurnContext {
  const last = index === turns.length - 1;
  const part = `looked-at ${index}`;
  return {
    ...{ actions, placed, setPlaced, last, blocked, ask },
    asked: turns.map(({ question }) => question),
    busy: status.state !== "answering" && status.progress !== null,
    answering: turns.some(({ state }) => state === "waiting" || state === "streaming"),
    unfolded: store.isOpen(part, last),
    fold: (open) => {
      if (open !== store.isOpen(part, last)) store.fold(part, open);
    },
    edit: () => {
      const input = questionInput();
      if (input !== null) composer.edit(input, index);
    },
  };
}

/** Asks a question that is offered, with nothing attached. */
function ask(question: string): void {
  if (!composer.blocked) actions.ask({ question, selection: null, mentions: [], replaces: null });
}

function showHistory(): void {
  if (store.kept.page !== "history") store.keep({ page: "history" });
  draw();
  searchInput()?.focus();
  void history.load().then(() => {
    element("#announcer").textContent = history.announcement;
  });
}

function showConversation(): void {
  store.keep({ page: "conversation" });
  fresh = true;
  draw();
  questionInput()?.focus();
}

/** The answer of a turn has been painted: its new height is followed, and the list below it may change. */
function setPlaced(turn: string, indexes: ReadonlySet<number>): void {
  const before = placed.get(turn) ?? new Set<number>();
  placed.set(turn, indexes);
  const same = before.size === indexes.size && [...indexes].every((index) => before.has(index));
  if (!same) frame ||= requestAnimationFrame(draw);
  if (!fresh) scrolling.follow(store.state?.turns.length ?? 0);
}

/** The citation of a chip in an answer or in the list below it. */
function citationOf(chip: HTMLElement): ReturnType<ConstructorParameters<typeof CitationPreview>[1]> {
  const id = chip.closest<HTMLElement>("[data-turn]")?.dataset["turn"];
  const index = Number(chip.dataset["citation"] ?? chip.dataset["listed"]);
  return store.state?.turns.find((turn) => turn.id === id)?.citations[index] ?? null;
}

/** Puts a new draft of the host into the input, once. */
function takeDraft(): void {
  const draft = store.state?.draft;
  const input = questionInput();
  if (!draft || !input || draft.serial <= store.kept.draftSerial) return;
  store.keep({ draftSerial: draft.serial, ...(draft.selection === null ? {} : { selection: draft.selection }) });
  if (draft.text !== null) composer.put(input, draft.text);
  input.focus();
  frame ||= requestAnimationFrame(draw);
}

/** Brings back what was typed and where the reader was. */
function restore(): void {
  const input = questionInput();
  if (input?.value === "") input.value = store.kept.input;
  if (input) refresh(input);
  scrolling.restore(store.state?.turns.length ?? 0);
}

function questionInput(): HTMLTextAreaElement | null {
  return document.querySelector("#question");
}

function searchInput(): HTMLInputElement | null {
  return document.querySelector("#history-search");
}

function element(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found;
}
