import type { EngineStatus, EsaVote, PlanResult, PlannedFile } from "../shared/protocol";
import type { Budget } from "./budget";
import type { PackedContext, Plan } from "./context/types";
import type { CurrentContext } from "./contextHost";

export interface CalibrateResult {
  /** The projections, as GGUF. */
  readonly path: string;
  readonly model: string;
  /** Width d' of the compressed keys. */
  readonly projection: number;
  readonly vote: EsaVote;
  /** Tokens of text that it was computed from. */
  readonly tokens: number;
  readonly seconds: number;
}

/** A plan as clients see it: every file of the workspace, also those that are left out before the budget. */
export function toPlanResult(plan: Plan, budget: Budget, frameTokens: number, model: string | null): PlanResult {
  const planned = plan.documents.map(
    ({ document, tokens, estimated, included, outline, pinned, reason }): PlannedFile => ({
      path: document.path,
      uri: document.uri,
      bytes: document.bytes,
      tokens,
      estimated,
      included,
      ...(outline === true && { outline }),
      ...(pinned === true && { pinned }),
      reason,
    }),
  );
  const excluded = plan.snapshot.excluded.map((file): PlannedFile => ({
    ...file,
    tokens: 0,
    estimated: true,
    included: false,
  }));
  const used = frameTokens + plan.mapTokens + plan.tokens;
  return {
    ...describeBudget(plan, budget, used),
    used,
    included: count(planned.filter((file) => file.included)),
    leftOut: count([...planned.filter((file) => !file.included), ...excluded]),
    files: [...planned, ...excluded],
    memoryBytes: Math.round(budget.memoryBytes(used)),
    gain:
      plan.gain === null
        ? null
        : {
            ...plan.gain,
            memoryBytes: Math.round(budget.memoryBytes(used + plan.gain.tokens) - budget.memoryBytes(used)),
          },
    model,
  };
}

/** What the status says about the context. */
export function toContextStatus(context: CurrentContext, readTokens: number): NonNullable<EngineStatus["context"]> {
  const { plan, tokens, files } = context.packed;
  return {
    files: files.length,
    totalFiles: plan.documents.length + plan.snapshot.excluded.length,
    tokens: tokens.length,
    readTokens,
    budget: describeBudget(plan, context.budget, tokens.length).budget,
    asOf: context.asOf,
  };
}

/** What the status says about the context while it is only planned. */
export function toPlannedStatus(plan: Plan, result: PlanResult): NonNullable<EngineStatus["context"]> {
  return {
    files: result.included.files,
    totalFiles: result.files.length,
    tokens: result.included.tokens,
    readTokens: 0,
    budget: result.budget,
    asOf: plan.snapshot.asOf,
  };
}

/** First token of the frame, of the map, and of each file with its heading: what an edit keeps or removes as a whole. */
export function unitsOf({ segments }: PackedContext): number[] {
  const begins = segments.filter(
    ({ document }, index) => document === null || segments[index - 1]?.document !== document,
  );
  return begins.map((segment) => segment.start);
}

/** Where everything fits and the user set no budget, the budget is the workspace. */
function describeBudget(plan: Plan, budget: Budget, used: number): { budget: number; budgetReason: string } {
  const whole = plan.gain === null;
  if (whole && budget.reason !== "as set") return { budget: used, budgetReason: "the whole workspace" };
  return { budget: budget.tokens, budgetReason: budget.reason };
}

function count(files: readonly PlannedFile[]): { files: number; tokens: number } {
  return {
    files: files.reduce((sum, file) => sum + (file.files ?? 1), 0),
    tokens: files.reduce((sum, file) => sum + file.tokens, 0),
  };
}
