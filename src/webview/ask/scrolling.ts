import type { Store } from "./store";

/** Distance from the end, in px, within which the reader is taken to be following the answer. */
const nearEnd = 32;
/** Time without scrolling before the position is kept, in ms. */
const pause = 150;

/** Where the reader is in the conversation: kept, brought back, and moved along while an answer is followed. */
export class Scrolling {
  private following = true;
  private turns = 0;
  private top = 0;
  /** Turns that must be there before the kept position means anything; they may come later than the page. */
  private restoring = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly store: Store) {}

  /** Keeps the position. */
  readonly remember = (): void => {
    const log = conversation();
    if (log === null || this.restoring) return;
    // The answer may have grown since the position was set: only who goes back stops following.
    if (log.scrollHeight - log.scrollTop - log.clientHeight < nearEnd) this.following = true;
    else if (log.scrollTop < this.top) this.following = false;
    this.top = log.scrollTop;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const scrollTop = conversation()?.scrollTop;
      if (scrollTop !== undefined) this.store.keep({ scrollTop });
    }, pause);
  };

  /** Something was drawn: the end is followed only by who is there, or by who has just asked. */
  follow(turns: number): void {
    if (this.restoring && this.turns === 0 && turns > 0) {
      this.restore(turns);
      return;
    }
    if (turns > this.turns) {
      this.following = true;
      this.restoring = false;
    }
    this.turns = turns;
    const log = conversation();
    if (!this.following || log === null) return;
    log.scrollTop = log.scrollHeight;
    this.top = log.scrollTop;
  }

  /** Goes to the kept position, once there is something to scroll. */
  restore(turns: number): void {
    this.turns = turns;
    this.restoring = true;
    this.following = false;
    if (turns === 0) return;
    // The answers are painted in the next frame; only then is there something to scroll.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        if (!this.restoring) return;
        conversation()?.scrollTo({ top: this.store.kept.scrollTop });
        this.restoring = false;
        this.remember();
      }),
    );
  }
}

const conversation = (): HTMLElement | null => document.querySelector(".conversation");
