/** Completion of `@file`, `@folder`, `@symbol` and `#selection` in the input. */
import type { MentionCandidate } from "../../shared/symbols";
import type { AskSelection } from "../../shared/views";

/** The word at the caret that is being completed. */
export interface Trigger {
  readonly sign: "@" | "#";
  /** Only candidates of this kind: `@file:`, `@folder:`, `@symbol:`. */
  readonly kind: MentionCandidate["kind"] | null;
  /** What is looked for. */
  readonly text: string;
  /** UTF-16 offset of the sign. */
  readonly from: number;
}

/** What can be taken. */
export type Option =
  | { readonly type: "mention"; readonly candidate: MentionCandidate }
  | { readonly type: "selection"; readonly selection: AskSelection };

const pattern = /(?:^|[\s([{"'])([@#])(?:(file|folder|symbol):)?([^\s@#]*)$/;

/** The word before the caret that asks for completion, or null. */
export function triggerAt(text: string, caret: number): Trigger | null {
  const match = pattern.exec(text.slice(0, caret));
  if (match === null) return null;
  const [, sign, kind, word = ""] = match;
  if (sign === "#")
    return kind === undefined && "selection".startsWith(word.toLowerCase())
      ? { sign, kind: null, text: word, from: caret - word.length - 1 }
      : null;
  const length = 1 + (kind === undefined ? 0 : kind.length + 1) + word.length;
  return { sign: "@", kind: (kind as Trigger["kind"]) ?? null, text: word, from: caret - length };
}

/** The text with the trigger's word replaced by what was taken, and where the caret goes. */
export function replaced(
  text: string,
  caret: number,
  trigger: Trigger,
  option: Option,
): { readonly text: string; readonly caret: number } {
  // The lines of a selection stand in its chip; a mention is named in the question too.
  const word = option.type === "mention" ? `${option.candidate.mention.label} ` : "";
  const rest = text.slice(caret);
  return {
    text: text.slice(0, trigger.from) + word + (word.endsWith(" ") && rest.startsWith(" ") ? rest.slice(1) : rest),
    caret: trigger.from + word.length,
  };
}

/** What completion needs from the host. */
export interface Sources {
  findMentions(text: string): Promise<readonly MentionCandidate[]>;
  editorSelection(): Promise<AskSelection | null>;
}

/** Time without typing before the host is asked, in ms. */
const pause = 60;

/** The open list: what is looked for, what was found and which option is active. */
export class Completion {
  private serial = 0;
  private told: readonly Option[] = [];
  trigger: Trigger | null = null;
  options: readonly Option[] = [];
  active = 0;
  /** The host was asked and has not answered. */
  waiting = false;

  /** @param changed called when what is shown changed */
  constructor(
    private readonly sources: Sources,
    private readonly changed: () => void,
  ) {}

  get open(): boolean {
    return this.trigger !== null && (this.options.length > 0 || !this.waiting);
  }

  /** How many options were found, once for each list; null when nothing is new. */
  get news(): number | null {
    const news = this.open && this.told !== this.options ? this.options.length : null;
    this.told = this.options;
    return news;
  }

  /** The text or the caret moved. */
  async update(text: string, caret: number): Promise<void> {
    const trigger = triggerAt(text, caret);
    if (trigger === null) {
      this.close();
      return;
    }
    const { trigger: before } = this;
    if (before?.from === trigger.from && before.text === trigger.text && before.kind === trigger.kind) return;
    const serial = ++this.serial;
    this.trigger = trigger;
    this.waiting = true;
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (serial !== this.serial) return;
    const options = await this.find(trigger);
    if (serial !== this.serial) return;
    this.options = options;
    this.active = 0;
    this.waiting = false;
    this.changed();
  }

  /** Moves the active option, around the ends. */
  move(step: number): void {
    const { length } = this.options;
    if (length === 0) return;
    this.active = (this.active + step + length) % length;
    this.changed();
  }

  close(): void {
    this.serial++;
    if (this.trigger === null) return;
    this.trigger = null;
    this.options = [];
    this.waiting = false;
    this.changed();
  }

  private async find(trigger: Trigger): Promise<Option[]> {
    try {
      if (trigger.sign === "#") {
        const selection = await this.sources.editorSelection();
        return selection === null ? [] : [{ type: "selection", selection }];
      }
      const candidates = await this.sources.findMentions(trigger.text);
      return candidates
        .filter(({ kind }) => trigger.kind === null || kind === trigger.kind)
        .map((candidate) => ({ type: "mention", candidate }));
    } catch {
      // The host has logged it; the list says that nothing was found.
      return [];
    }
  }
}
