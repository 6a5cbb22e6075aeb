import type { AskViewState } from "../../shared/views";
import { vscodeApi } from "../common/vscodeApi";

/** What of the view survives its being hidden and the window's reload. */
interface Kept {
  readonly input: string;
  readonly scrollTop: number;
  /** Serial of the last draft that was put into the input. */
  readonly draftSerial: number;
}

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
}

function readKept(value: unknown): Kept {
  const kept = typeof value === "object" && value !== null ? (value as Partial<Record<keyof Kept, unknown>>) : {};
  return {
    input: typeof kept.input === "string" ? kept.input : "",
    scrollTop: typeof kept.scrollTop === "number" ? kept.scrollTop : 0,
    draftSerial: typeof kept.draftSerial === "number" ? kept.draftSerial : 0,
  };
}
