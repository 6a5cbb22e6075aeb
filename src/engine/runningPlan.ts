import type { PlanResult } from "../shared/protocol";

/** The plan of the read or answer that goes on: who asks for a plan meanwhile need not wait for its end. */
export class RunningPlan {
  #made: Promise<PlanResult | null> | null = null;
  #settle: (plan: PlanResult | null) => void = () => undefined;

  /** The plan as soon as it is made, or null when the work ended without one; null itself when no work goes on. */
  get made(): Promise<PlanResult | null> | null {
    return this.#made;
  }

  /** Runs work that makes a plan. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#made = new Promise((resolve) => (this.#settle = resolve));
    try {
      return await work();
    } finally {
      this.#made = null;
      this.#settle(null);
    }
  }

  /** Says the plan that the work has made. */
  tell(plan: PlanResult): void {
    this.#settle(plan);
  }
}
