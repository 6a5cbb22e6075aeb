import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ConversationEntry } from "../../shared/conversation";
import { day, printable } from "../common/format";
import { icon, iconButton } from "../common/icon";
import { t } from "../common/l10n";
import type { Actions } from "./actions";

/** Time without typing before the host is asked, in ms. */
const pause = 150;

/** The list of kept conversations: search, open, rename, delete, export. */
export class HistoryPage {
  private entries: readonly ConversationEntry[] | null = null;
  private problem: string | null = null;
  private query = "";
  private serial = 0;
  private renaming: string | null = null;
  private deleting: string | null = null;

  /** @param back shows the conversation again */
  constructor(
    private readonly actions: Actions,
    private readonly draw: () => void,
    private readonly back: () => void,
  ) {}

  /** What is to be said about the list now. */
  get announcement(): string {
    const count = this.entries?.length ?? 0;
    return count === 1 ? t("1 conversation") : t("{0} conversations", count);
  }

  /** Fetches the list anew. */
  async load(): Promise<void> {
    const serial = ++this.serial;
    try {
      const entries = await this.actions.history(this.query);
      if (serial !== this.serial) return;
      this.entries = entries;
      this.problem = null;
    } catch (error) {
      if (serial !== this.serial) return;
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.draw();
  }

  render(shown: string | null): TemplateResult {
    return html`<main class="history" @keydown=${this.keyDown}>
      <header class="history-head">
        ${iconButton("arrow-left", t("Back to the conversation (Escape)"), this.back)}
        <h1>${t("Conversations")}</h1>
        <span class="grow"></span>
        ${iconButton("add", t("New conversation"), () => {
          this.actions.newConversation();
          this.back();
        })}
      </header>
      <div class="search">
        ${icon("search")}
        <input
          id="history-search"
          type="search"
          aria-label=${t("Search conversations")}
          placeholder=${t("Search questions and answers")}
          .value=${this.query}
          @input=${this.search}
        />
      </div>
      ${this.renderList(shown)}
    </main>`;
  }

  private renderList(shown: string | null): TemplateResult {
    if (this.problem !== null)
      return html`<p class="history-note" role="alert">
        ${this.problem}
        <button class="link" type="button" @click=${() => void this.load()}>${t("Try again")}</button>
      </p>`;
    if (this.entries === null) return html`<p class="history-note dim">${t("Looking for conversations…")}</p>`;
    if (this.entries.length === 0)
      return html`<p class="history-note dim">
        ${this.query.trim() === "" ? t("No conversations yet. What you ask is kept here, on this machine.") : t("No conversation contains this.")}
      </p>`;
    return html`<ul class="entries" aria-label=${t("Conversations")}>
      ${repeat(
        this.entries,
        ({ id }) => id,
        (entry) =>
          html`<li class=${entry.id === shown ? "entry current" : "entry"}>${this.renderEntry(entry, shown)}</li>`,
      )}
    </ul>`;
  }

  private renderEntry(entry: ConversationEntry, shown: string | null): TemplateResult {
    if (this.renaming === entry.id) return this.renderRename(entry);
    if (this.deleting === entry.id) return this.renderDelete(entry);
    const title = printable(entry.title);
    const questions = entry.turns === 1 ? t("1 question") : t("{0} questions", entry.turns);
    return html`<button
        class="entry-open"
        type="button"
        aria-current=${entry.id === shown ? "true" : nothing}
        @click=${() => {
          this.actions.openConversation(entry.id);
          this.back();
        }}
      >
        <bdi class="entry-title">${title}</bdi>
        <span class="dim small number">${day(entry.updated)} · ${questions}</span>
      </button>
      <span class="entry-tools">
        ${iconButton("edit", t("Rename {0}", title), () => this.begin("renaming", entry))}
        ${iconButton("export", t("Export {0} as Markdown", title), () => this.actions.exportConversation(entry.id))}
        ${iconButton("trash", t("Delete {0}", title), () => this.begin("deleting", entry))}
      </span>`;
  }

  private renderRename(entry: ConversationEntry): TemplateResult {
    const save = (event: Event): void => {
      event.preventDefault();
      const title = (event.currentTarget as HTMLFormElement).querySelector("input")?.value.trim() ?? "";
      void this.change(entry, title === "" ? undefined : this.actions.renameConversation(entry.id, title));
    };
    return html`<form class="entry-form" @submit=${save}>
      <input id="entry-title" aria-label=${t("Title")} maxlength="200" .value=${entry.title} />
      <button class="icon-button" type="submit" aria-label=${t("Save title")} title=${t("Save title")}>
        ${icon("check")}
      </button>
      ${iconButton("close", t("Keep the title"), () => void this.change(entry))}
    </form>`;
  }

  private renderDelete(entry: ConversationEntry): TemplateResult {
    const title = printable(entry.title);
    return html`<div class="entry-form" role="group" aria-label=${t("Delete {0}", title)}>
      <span class="entry-asked">${t("Delete “{0}” for good?", title)}</span>
      <span class="buttons">
        <vscode-button
          id="entry-delete"
          @click=${() => void this.change(entry, this.actions.deleteConversation(entry.id))}
          >${t("Delete")}</vscode-button
        >
        <vscode-button secondary @click=${() => void this.change(entry)}>${t("Keep")}</vscode-button>
      </span>
    </div>`;
  }

  private begin(what: "renaming" | "deleting", { id }: ConversationEntry): void {
    this.renaming = what === "renaming" ? id : null;
    this.deleting = what === "deleting" ? id : null;
    this.draw();
    // A button of the library takes the focus only once it has drawn itself.
    requestAnimationFrame(() => {
      const target = document.querySelector<HTMLElement>(what === "renaming" ? "#entry-title" : "#entry-delete");
      target?.focus();
      if (target instanceof HTMLInputElement) target.select();
    });
  }

  /** Ends renaming or deleting an entry, waits for what was asked of the host, and shows the list as it is then. */
  private async change(entry: ConversationEntry, work?: Promise<unknown>): Promise<void> {
    this.renaming = this.deleting = null;
    try {
      await work;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.draw();
      return;
    }
    if (work !== undefined) await this.load();
    else this.draw();
    // The focus stays at the entry, or goes to the search when it is gone.
    const index = this.entries?.findIndex(({ id }) => id === entry.id) ?? -1;
    const next = document.querySelectorAll<HTMLElement>(".entry-open")[index];
    (next ?? document.querySelector<HTMLElement>("#history-search"))?.focus();
  }

  private readonly search = (event: Event): void => {
    this.query = (event.currentTarget as HTMLInputElement).value;
    const serial = ++this.serial;
    setTimeout(() => serial === this.serial && void this.load(), pause);
  };

  private readonly keyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.preventDefault();
      if (this.renaming ?? this.deleting) {
        const id = this.renaming ?? this.deleting;
        const entry = this.entries?.find((candidate) => candidate.id === id);
        if (entry !== undefined) void this.change(entry);
      } else this.back();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...document.querySelectorAll<HTMLElement>("#history-search, .entry-open")];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = rows[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    next.focus();
  };
}
