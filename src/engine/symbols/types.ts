import type { CodeSymbol } from "../../shared/symbols";

/** A symbol with where the part ends that says what it is: for functions the parameters, for classes the heading. */
export interface Declaration extends CodeSymbol {
  /** 1-based line on which the body begins, or the last one of a declaration without a body. */
  readonly headingEndLine: number;
  /** True when it stands in the body of a function: nothing outside can use it. */
  readonly local: boolean;
}
