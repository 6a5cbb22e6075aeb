import { html, nothing, type TemplateResult } from "lit";
import type { AskViewState } from "../../shared/views";
import { icon, iconButton } from "../common/icon";
import { t } from "../common/l10n";
import type { Actions } from "./actions";
import { renderChips } from "./chips";
import { listId, optionId, renderCompletion } from "./completionList";
import type { ComposerInput } from "./composerInput";
import { renderMeter } from "./meter";
import { obstacleOf, type Obstacle } from "./panels";
import type { Store } from "./store";

/** The input with its chips and buttons, and the meter of the context below it. */
export function renderComposer(
  state: AskViewState,
  store: Store,
  actions: Actions,
  composer: ComposerInput,
): TemplateResult {
  const obstacle = obstacleOf(state);
  const answering = state.turns.some((turn) => turn.state === "waiting" || turn.state === "streaming");
  composer.blocked = answering || obstacle !== null;
  const { selection, mentions, editing } = store.kept;
  const { completion } = composer;
  const box = (event: Event): HTMLTextAreaElement => questionInput(event.currentTarget as Element);
  return html`
    ${renderCompletion(completion, (option) => {
      const input = document.querySelector<HTMLTextAreaElement>("#question");
      if (input !== null) composer.take(input, option);
    })}
    <div
      class=${obstacle === null ? "box" : "box off"}
      @dragover=${(event: DragEvent) => event.preventDefault()}
      @drop=${(event: DragEvent) => {
        event.preventDefault();
        if (event.dataTransfer !== null && obstacle === null) void composer.drop(event.dataTransfer);
      }}
    >
      ${
        editing === null
          ? nothing
          : html`<p class="editing small">
              ${icon("edit")}<span>${editingText(state.turns.length - editing - 1)}</span>
              <button class="link" type="button" @click=${(event: Event) => composer.stopEditing(box(event))}>
                ${t("Cancel")}
              </button>
            </p>`
      }
      ${renderChips(selection?.label ?? null, mentions, {
        selection: () => composer.removeSelection(),
        mention: (mention) => composer.removeMention(mention),
      })}
      <textarea
        id="question"
        rows="2"
        aria-label=${t("Question")}
        aria-autocomplete="list"
        aria-controls=${completion.open && completion.options.length > 0 ? listId : nothing}
        aria-activedescendant=${completion.open && completion.options.length > 0 ? optionId(completion.active) : nothing}
        placeholder=${placeholder(obstacle, answering)}
        ?disabled=${obstacle !== null}
        @keydown=${composer.keyDown}
        @input=${composer.input}
        @click=${composer.caret}
        @keyup=${composer.caret}
        @blur=${composer.blur}
      ></textarea>
      <div class="row">
        ${
          obstacle === null
            ? html`${iconButton("mention", t("Mention a file, folder or symbol (@)"), (event) => composer.begin(box(event), "@"))}
              ${iconButton("list-selection", t("Add the editor selection (#)"), (event) => composer.begin(box(event), "#"))}`
            : nothing
        }
        <button
          class="model"
          type="button"
          @click=${() => actions.run("chooseModel")}
          ?disabled=${obstacle === "trust" || obstacle === "folder"}
        >
          <span class="sr-only">${t("Model:")}</span>${state.status.model ?? t("Choose a model")}
          ${icon("chevron-down")}
        </button>
        <span class="grow"></span>
        ${answering ? stopButton(actions) : sendButton(obstacle !== null, (event) => composer.send(box(event)))}
      </div>
    </div>
    ${obstacle === "folder" || obstacle === "trust" ? nothing : renderMeter(state.status, actions)}
  `;
}

const stopButton = (actions: Actions): TemplateResult =>
  html`<button
    class="send stop"
    type="button"
    aria-label=${t("Stop (Escape)")}
    title=${t("Stop (Escape)")}
    @click=${() => actions.stop()}
  >
    ${icon("primitive-square")}
  </button>`;

const sendButton = (disabled: boolean, send: (event: Event) => void): TemplateResult =>
  html`<button
    class="send"
    type="button"
    aria-label=${t("Send (Enter)")}
    title=${t("Send (Enter)")}
    ?disabled=${disabled}
    @click=${send}
  >
    ${icon("arrow-up")}
  </button>`;

function editingText(later: number): string {
  if (later <= 0) return t("Sent, it replaces the last question.");
  return later === 1
    ? t("Sent, it replaces this question and the one after it.")
    : t("Sent, it replaces this question and the {0} after it.", later);
}

/** The text box of the composer that holds `element`. */
function questionInput(element: Element): HTMLTextAreaElement {
  const input = element.closest(".box")?.querySelector("textarea");
  if (!input) throw new Error("The composer has no text box");
  return input;
}

function placeholder(obstacle: Obstacle | null, answering: boolean): string {
  switch (obstacle) {
    case "folder":
      return t("Open a folder first");
    case "trust":
      return t("Not available in Restricted Mode");
    case "model":
      return t("Needs a model first");
    case "memory":
      return t("Waiting for memory");
    case "engine":
      return t("The engine is not running");
    case null:
      return answering ? t("Ask a follow-up when this is done") : t("Ask about the whole workspace");
  }
}
