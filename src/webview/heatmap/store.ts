import { initialState, reduce, type Action, type HeatmapState } from "./state";

/** Holds the one value and tells, once a frame, that it changed. */
export class Store {
  private current = initialState;
  private readonly immediate: ((state: HeatmapState) => void)[] = [];
  private readonly painters: ((state: HeatmapState) => void)[] = [];
  private frame = 0;

  get state(): HeatmapState {
    return this.current;
  }

  dispatch(action: Action): void {
    const next = reduce(this.current, action);
    if (next === this.current) return;
    this.current = next;
    for (const listener of this.immediate) listener(next);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      for (const paint of this.painters) paint(this.current);
    });
  }

  /** Called at every change. */
  onChange(listener: (state: HeatmapState) => void): void {
    this.immediate.push(listener);
  }

  /** Called before the next paint after changes, with the last state. */
  onPaint(paint: (state: HeatmapState) => void): void {
    this.painters.push(paint);
  }
}

/** A part of the panel: one element that follows the state. */
export interface View {
  readonly element: HTMLElement;
  update(state: HeatmapState): void;
}

/** True when `next` differs from the call before in one of its values; false at equal calls. */
export class Changes {
  private last: readonly unknown[] = [];

  since(...next: readonly unknown[]): boolean {
    const changed = next.length !== this.last.length || next.some((value, at) => value !== this.last[at]);
    this.last = next;
    return changed;
  }
}
