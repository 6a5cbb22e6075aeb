/** Lets text through until one of the stop strings appears in it, however it was cut into pieces. */
export class StopStrings {
  readonly #stops: readonly string[];
  /** End of what was seen, which may be the beginning of a stop string. */
  #held = "";
  #stopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== "");
  }

  /** True once a stop string was seen: nothing more comes through. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Takes the next piece. @returns the text that is certainly before any stop string */
  push(piece: string): string {
    if (this.#stopped) return "";
    const text = this.#held + piece;
    const cut = firstOccurrence(text, this.#stops);
    if (cut !== -1) {
      this.#stopped = true;
      this.#held = "";
      return text.slice(0, cut);
    }
    const keep = this.#stops.reduce((most, stop) => Math.max(most, overlap(text, stop)), 0);
    this.#held = text.slice(text.length - keep);
    return text.slice(0, text.length - keep);
  }

  /** The text that was held back, at the end of the answer. */
  end(): string {
    const rest = this.#stopped ? "" : this.#held;
    this.#held = "";
    return rest;
  }
}

function firstOccurrence(text: string, stops: readonly string[]): number {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
  return found.length === 0 ? -1 : Math.min(...found);
}

/** Length of the longest proper beginning of `stop` that `text` ends with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
