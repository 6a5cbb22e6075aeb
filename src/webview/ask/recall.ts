/** Earlier questions, brought back with the arrow keys as in a shell. */
export class Recall {
  /** How many questions back; 0 is what was being typed. */
  private back = 0;
  private shown = "";

  /**
   * The question that `key` brings into an input that holds `value`, or null when the key moves the caret as usual:
   * only an empty input, or one that shows a recalled question unchanged, is taken over.
   */
  next(key: "ArrowUp" | "ArrowDown", value: string, questions: readonly string[]): string | null {
    if (value === "") this.back = 0;
    else if (this.back === 0 || value !== this.shown) return null;
    const back = this.back + (key === "ArrowUp" ? 1 : -1);
    if (back < 0 || back > questions.length) return null;
    this.back = back;
    this.shown = back === 0 ? "" : (questions.at(-back) ?? "");
    return this.shown;
  }
}
