import type { Interval } from "../../shared/trace";
import type { Selections } from "./selections";

/**
 * How often each of the chosen steps selected one of the tokens [from, to) in the chosen layers, in the order of steps.
 * Visits each selection of those steps once.
 */
export function stepSums(selections: Selections, steps: Interval, layers: Interval, tokens: Interval): Uint32Array {
  const [from, to] = tokens;
  const sums = new Uint32Array(steps[1] - steps[0]);
  for (let step = steps[0]; step < steps[1]; step++) {
    let sum = 0;
    for (let layer = layers[0]; layer < layers[1]; layer++) {
      for (const token of selections.tokens(step, layer)) {
        if (token >= to) break;
        if (token >= from) sum++;
      }
    }
    sums[step - steps[0]] = sum;
  }
  return sums;
}
