import "@vscode-elements/elements/dist/vscode-badge/index.js";
import "@vscode-elements/elements/dist/vscode-button/index.js";
import { html, nothing, render } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { AskView } from "../../shared/views";
import { Channel } from "../common/channel";
import { t } from "../common/l10n";
import { Actions } from "./actions";
import { Announcer } from "./announcer";
import "./answerElement";
import "./ask.css";
import { refresh, renderComposer } from "./composer";
import { obstacleOf, renderPanel, renderStart } from "./panels";
import { Store } from "./store";
import { renderTurn, type TurnContext } from "./turn";

const root = element("#root");
const channel = new Channel();
const actions = new Actions(channel);
const store = new Store();
const announcer = new Announcer();
const placed = new Map<string, ReadonlySet<number>>();
let frame = 0;
let first = true;
let turnCount = 0;
let following = true;

channel.on(AskView.state, (state) => {
  store.replace(state);
  draw();
});
channel.on(AskView.delta, ({ id, text, tokens }) => {
  store.append(id, text, tokens);
  frame ||= requestAnimationFrame(draw);
});
window.addEventListener("focus", () => {
  // The command that shows the view means its input; a click on something else keeps its focus.
  if (document.activeElement === document.body) questionInput()?.focus();
});
channel.start();
channel.send(AskView.ready, {});

function draw(): void {
  cancelAnimationFrame(frame);
  frame = 0;
  const state = store.state;
  if (state === null) return;
  // The end of the conversation is followed only by who is there, or by who has just asked.
  following ||= state.turns.length > turnCount;
  turnCount = state.turns.length;
  const blocked = obstacleOf(state) !== null;
  const busy = state.status.state !== "answering" && state.status.progress !== null;
  const context = (last: boolean): TurnContext => ({ actions, placed, setPlaced, last, blocked, busy });
  const said = announcer.next(state);
  render(
    html`
      <main class="conversation" role="log" aria-label=${t("Conversation")} aria-live="off" @scroll=${remember}>
        ${renderPanel(state, actions)} ${state.turns.length === 0 && !blocked ? renderStart(state, actions) : nothing}
        ${repeat(
          state.turns,
          (turn) => turn.id,
          (turn, index) => renderTurn(turn, context(index === state.turns.length - 1)),
        )}
      </main>
      <footer class="composer">${renderComposer(state, store, actions)}</footer>
      <div id="announcer" class="sr-only" role="status" aria-live="polite"></div>
    `,
    root,
  );
  if (said !== null) element("#announcer").textContent = said;
  takeDraft();
  if (first) restore();
  else followEnd();
  first = false;
}

/** The answer of a turn has been painted: its new height is followed, and the list below it may change. */
function setPlaced(turn: string, indexes: ReadonlySet<number>): void {
  const before = placed.get(turn) ?? new Set<number>();
  placed.set(turn, indexes);
  const same = before.size === indexes.size && [...indexes].every((index) => before.has(index));
  if (!same) frame ||= requestAnimationFrame(draw);
  if (!first) followEnd();
}

/** Puts a new draft of the host into the input, once. */
function takeDraft(): void {
  const draft = store.state?.draft;
  const input = questionInput();
  if (!draft || !input || draft.serial <= store.kept.draftSerial) return;
  input.value = draft.text;
  store.keep({ draftSerial: draft.serial, input: draft.text });
  refresh(input);
  input.focus();
}

/** Brings back what was typed and where the reader was. */
function restore(): void {
  const input = questionInput();
  if (input?.value === "") input.value = store.kept.input;
  if (input) refresh(input);
  following = false;
  // The answers are painted in the next frame; only then is there something to scroll.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => element(".conversation").scrollTo({ top: store.kept.scrollTop })),
  );
}

let remembering: ReturnType<typeof setTimeout> | undefined;
function remember(): void {
  const { scrollHeight, scrollTop, clientHeight } = element(".conversation");
  following = scrollHeight - scrollTop - clientHeight < 32;
  clearTimeout(remembering);
  remembering = setTimeout(() => store.keep({ scrollTop: element(".conversation").scrollTop }), 150);
}

function followEnd(): void {
  const log = element(".conversation");
  if (following) log.scrollTop = log.scrollHeight;
}

function questionInput(): HTMLTextAreaElement | null {
  return document.querySelector("#question");
}

function element(selector: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`The page has no ${selector}`);
  return found;
}
