import type { Mention } from "../../shared/protocol";
import type { Actions } from "./actions";
import { Completion, replaced, type Option } from "./completion";
import { Recall } from "./recall";
import type { Store } from "./store";

/** What happens in the input: sending, completion, recall, dropped files. */
export class ComposerInput {
  readonly completion: Completion;
  private readonly recall = new Recall();
  /** Nothing can be sent now: an answer is being written, or something is in the way. */
  blocked = false;

  /** @param draw shows the view anew */
  constructor(
    private readonly store: Store,
    private readonly actions: Actions,
    private readonly draw: () => void,
  ) {
    this.completion = new Completion(actions, draw);
  }

  readonly keyDown = (event: KeyboardEvent): void => {
    const input = event.currentTarget as HTMLTextAreaElement;
    if (event.isComposing) return;
    if (this.completion.open && this.completionKey(event)) {
      event.preventDefault();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send(input);
    } else if (event.key === "Escape") {
      this.leave(input);
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && !event.shiftKey) {
      const questions = this.store.state?.turns.map(({ question }) => question) ?? [];
      const recalled = this.recall.next(event.key, input.value, questions);
      if (recalled === null) return;
      event.preventDefault();
      this.put(input, recalled);
    }
  };

  readonly input = (event: Event): void => {
    const box = event.currentTarget as HTMLTextAreaElement;
    this.store.keep({ input: box.value });
    refresh(box);
    void this.completion.update(box.value, box.selectionStart);
  };

  /** The caret moved without typing. */
  readonly caret = (event: Event): void => {
    const box = event.currentTarget as HTMLTextAreaElement;
    if (this.completion.trigger !== null) void this.completion.update(box.value, box.selectionStart);
  };

  readonly blur = (): void => {
    // Later: the box may lose the focus because the view is being drawn without it.
    setTimeout(() => this.completion.close());
  };

  /** Sends what is in the box with its chips. */
  send(input: HTMLTextAreaElement): void {
    const question = input.value.trim();
    if (question === "" || this.blocked) return;
    const { selection, mentions, editing } = this.store.kept;
    const turns = this.store.state?.turns ?? [];
    const replaces = editing === null ? null : (turns[editing]?.id ?? null);
    this.actions.ask({ question, selection, mentions, replaces });
    this.completion.close();
    this.store.keep({ selection: null, mentions: [], editing: null });
    this.put(input, "");
    this.draw();
  }

  /** Puts a text into the box, with the caret at its end. */
  put(input: HTMLTextAreaElement, text: string, caret = text.length): void {
    input.value = text;
    input.setSelectionRange(caret, caret);
    this.store.keep({ input: text });
    refresh(input);
  }

  /** Takes an option of the completion. */
  take(input: HTMLTextAreaElement, option: Option): void {
    const { trigger } = this.completion;
    if (trigger === null) return;
    const { text, caret } = replaced(input.value, input.selectionStart, trigger, option);
    if (option.type === "mention") this.store.mention(option.candidate.mention);
    else this.store.select(option.selection);
    this.completion.close();
    this.put(input, text, caret);
    input.focus();
    this.draw();
  }

  /** Begins a completion as if its sign had been typed. */
  begin(input: HTMLTextAreaElement, sign: "@" | "#"): void {
    const at = input.selectionStart;
    const before = input.value.slice(0, at);
    const text = `${before}${before === "" || /\s$/.test(before) ? "" : " "}${sign}`;
    input.focus();
    this.put(input, text + input.value.slice(at), text.length);
    void this.completion.update(input.value, text.length);
  }

  /** Mentions what was dropped, if it belongs to the workspace. */
  async drop(data: DataTransfer): Promise<void> {
    const uris = droppedUris(data);
    if (uris.length === 0) return;
    for (const { mention } of await this.actions.dropped(uris)) this.store.mention(mention);
    this.draw();
  }

  removeMention(mention: Mention): void {
    this.store.keep({ mentions: this.store.kept.mentions.filter((other) => other !== mention) });
    this.draw();
  }

  removeSelection(): void {
    this.store.select(null);
    this.draw();
  }

  /** The question of a turn comes back into the box; sent, it takes the turn's place. */
  edit(input: HTMLTextAreaElement, index: number): void {
    const turn = this.store.state?.turns[index];
    if (turn === undefined) return;
    const selection =
      turn.selection === null || turn.about === null ? null : { range: turn.selection, label: turn.about };
    this.store.keep({ editing: index, selection, mentions: turn.mentions });
    this.put(input, turn.question);
    input.focus();
    this.draw();
  }

  /** The box is for a new question again. */
  stopEditing(input: HTMLTextAreaElement): void {
    this.store.keep({ editing: null, selection: null, mentions: [] });
    this.put(input, "");
    input.focus();
    this.draw();
  }

  private leave(input: HTMLTextAreaElement): void {
    const last = this.store.state?.turns.at(-1)?.state;
    if (last === "waiting" || last === "streaming") this.actions.stop();
    else if (this.store.kept.editing !== null) this.stopEditing(input);
    else input.blur();
  }

  /** True when the key was for the open list. */
  private completionKey(event: KeyboardEvent): boolean {
    const { completion } = this;
    const option = completion.options[completion.active];
    switch (event.key) {
      case "ArrowDown":
        completion.move(1);
        return true;
      case "ArrowUp":
        completion.move(-1);
        return true;
      case "Escape":
        completion.close();
        return true;
      case "Enter":
      case "Tab":
        if (option === undefined || event.shiftKey) return false;
        this.take(event.currentTarget as HTMLTextAreaElement, option);
        return true;
      default:
        return false;
    }
  }
}

/** Marks the box as empty or not: the send button's look depends on it. */
export function refresh(input: HTMLTextAreaElement): void {
  input.closest(".box")?.classList.toggle("filled", input.value.trim() !== "");
}

/** URIs among what is dragged from the explorer, an editor tab or the desktop. */
export function droppedUris(data: Pick<DataTransfer, "getData">): string[] {
  const lists = ["application/vnd.code.uri-list", "text/uri-list"].map((type) => data.getData(type));
  const list = lists.find((text) => text !== "") ?? "";
  return list
    .split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("#"))
    .slice(0, 64);
}
