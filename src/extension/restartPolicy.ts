/** Decides whether and when a crashed engine is started again. */
export class RestartPolicy {
  private crashes: number[] = [];

  /**
   * @param delays waiting times in ms before the first, second, … restart; one more crash within `window` gives up
   * @param window ms after which a crash is forgotten
   */
  constructor(
    private readonly delays: readonly number[] = [100, 1_000, 3_000, 9_000],
    private readonly window = 180_000,
  ) {}

  /** Notes a crash at time `now` (ms): the delay before the restart in ms, or null to give up. */
  next(now: number): number | null {
    this.crashes = this.crashes.filter((time) => now - time < this.window);
    this.crashes.push(now);
    return this.delays[this.crashes.length - 1] ?? null;
  }

  /** Forgets all crashes: the user asked for a restart. */
  reset(): void {
    this.crashes = [];
  }
}
