import { html, nothing, type TemplateResult } from "lit";
import type { EngineStatus } from "../../shared/protocol";
import type { AskViewState } from "../../shared/views";
import { compact, count } from "../common/format";
import { icon, iconButton } from "../common/icon";
import { t } from "../common/l10n";
import type { Actions } from "./actions";
import { obstacleOf, type Obstacle } from "./panels";
import type { Store } from "./store";

/** The input with its buttons, and the meter of the context below it. */
export function renderComposer(state: AskViewState, store: Store, actions: Actions): TemplateResult {
  const obstacle = obstacleOf(state);
  const answering = state.turns.some((turn) => turn.state === "waiting" || turn.state === "streaming");
  const about = state.draft?.about ?? null;
  const send = (input: HTMLTextAreaElement): void => {
    const question = input.value.trim();
    if (question === "" || answering || obstacle !== null) return;
    actions.ask(question);
    input.value = "";
    store.keep({ input: "" });
    refresh(input);
  };
  const keyDown = (event: KeyboardEvent): void => {
    const input = event.currentTarget as HTMLTextAreaElement;
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send(input);
    } else if (event.key === "Escape") {
      if (answering) actions.stop();
      else input.blur();
    } else if (event.key === "ArrowUp" && input.value === "") {
      const last = state.turns.at(-1);
      if (last === undefined) return;
      event.preventDefault();
      input.value = last.question;
      store.keep({ input: input.value });
      refresh(input);
    }
  };
  const input = (event: Event): void => {
    const box = event.currentTarget as HTMLTextAreaElement;
    store.keep({ input: box.value });
    refresh(box);
  };
  return html`
    <div class=${obstacle === null ? "box" : "box off"}>
      ${
        about === null
          ? nothing
          : html`<span class="about">
              ${icon("file")} ${about}
              <button type="button" aria-label=${t("Remove {0}", about)} @click=${() => actions.clearSelection()}>
                ${icon("close")}
              </button>
            </span>`
      }
      <textarea
        id="question"
        rows="2"
        aria-label=${t("Question")}
        placeholder=${placeholder(obstacle, answering)}
        ?disabled=${obstacle !== null}
        @keydown=${keyDown}
        @input=${input}
      ></textarea>
      <div class="row">
        ${
          obstacle === null
            ? iconButton("file", t("Add the editor selection"), () => actions.run("addSelection"))
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
        ${
          answering
            ? html`<button
                class="send stop"
                type="button"
                aria-label=${t("Stop (Escape)")}
                title=${t("Stop (Escape)")}
                @click=${() => actions.stop()}
              >
                ${icon("primitive-square")}
              </button>`
            : html`<button
                class="send"
                type="button"
                aria-label=${t("Send (Enter)")}
                title=${t("Send (Enter)")}
                ?disabled=${obstacle !== null}
                @click=${(event: Event) => send(questionInput(event.currentTarget as Element))}
              >
                ${icon("arrow-up")}
              </button>`
        }
      </div>
    </div>
    ${obstacle === "folder" || obstacle === "trust" ? nothing : renderMeter(state.status, actions)}
  `;
}

/** The text box of the composer that holds `element`. */
function questionInput(element: Element): HTMLTextAreaElement {
  const input = element.closest(".box")?.querySelector("textarea");
  if (!input) throw new Error("The composer has no text box");
  return input;
}

/** Marks the box as empty or not: the send button's look depends on it. */
export function refresh(input: HTMLTextAreaElement): void {
  input.closest(".box")?.classList.toggle("filled", input.value.trim() !== "");
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

function renderMeter(
  { context, state, error, progress }: EngineStatus,
  actions: Actions,
): TemplateResult | typeof nothing {
  if (context === null) return nothing;
  const total = Math.max(context.budget, context.tokens, 1);
  const reading = state === "reading";
  const read = progress?.stage === "prefill" ? Math.max(context.readTokens, progress.done) : context.readTokens;
  const filled = reading ? read : context.tokens;
  const width = (tokens: number): string => `width:${Math.min(100, (100 * tokens) / total).toFixed(2)}%`;
  const text = reading
    ? t("{0} of {1} tokens read", compact(read), compact(context.tokens))
    : t("{0} of {1} tokens", compact(context.tokens), compact(total));
  const files = t("{0} of {1} files", count(context.files), count(context.totalFiles));
  return html`<button
    class="meter"
    type="button"
    aria-label=${t("Context: {0}, {1}. Open context plan", text, files)}
    @click=${() => actions.run("showContextPlan")}
  >
    <span class="track" aria-hidden="true">
      <i class=${error?.code === "LS-201" ? "fill bad" : "fill"} .style=${width(filled)}></i>
      <i class="hatch" .style=${width(context.tokens - filled)}></i>
    </span>
    <span class="meter-text number"><span>${text}</span><span class="dim">${files}</span></span>
  </button>`;
}
