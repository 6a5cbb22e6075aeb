import type { Pipeline } from "../../engine/pipeline";
import type { WorkspaceRoot } from "../../engine/workspace/types";

/** What the tools work on. */
export interface ToolContext {
  readonly pipeline: Pipeline;
  readonly roots: readonly WorkspaceRoot[];
  /** Most tokens of an answer, for its progress. */
  readonly maxAnswerTokens: number;
}

/** What a tool returns: text, and the same as a value of the tool's output schema. */
export interface ToolResult {
  readonly text: string;
  readonly value: Record<string, unknown>;
}
