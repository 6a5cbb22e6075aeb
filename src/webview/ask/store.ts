import type { AskSelection, AskViewState } from "../../shared/views";
import type { Mention } from "../../shared/protocol";
import { vscodeApi } from "../common/vscodeApi";
import { readKept, type Kept } from "./kept";

/** The state that the host sent, with the deltas since, and what the view itself remembers. */
export class Store {
  private view: AskViewState | null = null;
  private memory: Kept = readKept(vscodeApi.getState());

  get state(): AskViewState | null {
    return this.view;
  }

  get kept(): Kept {
    return this.memory;
  }

  replace(state: AskViewState): void {
    this.view = state;
  }

  /** Appends to the answer that is being streamed. */
  append(id: string, text: string, tokens: number): void {
    if (this.view === null) return;
    const turns = this.view.turns.map((turn) =>
      turn.id === id ? { ...turn, state: "streaming" as const, text: turn.text + text, tokens } : turn,
    );
    this.view = { ...this.view, turns };
  }

  keep(change: Partial<Kept>): void {
    this.memory = { ...this.memory, ...change };
    vscodeApi.setState(this.memory);
  }

  /** Adds a file, folder or symbol to the question, once. */
  mention(mention: Mention): void {
    const same = (other: Mention): boolean => other.uri === mention.uri && other.startLine === mention.startLine;
    if (!this.memory.mentions.some(same)) this.keep({ mentions: [...this.memory.mentions, mention] });
  }

  select(selection: AskSelection | null): void {
    this.keep({ selection });
  }

  /** Whether a part that folds is open; `natural` until the user has folded it. */
  isOpen(part: string, natural: boolean): boolean {
    return this.memory.folded[part] ?? natural;
  }

  fold(part: string, open: boolean): void {
    if (this.memory.folded[part] !== open) this.keep({ folded: { ...this.memory.folded, [part]: open } });
  }
}
