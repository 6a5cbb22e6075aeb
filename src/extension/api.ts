import type { TextEditor } from "vscode";
import type { AnswerResult, EngineStatus, PlanResult, ReadResult } from "../shared/protocol";
import type { AskViewState, ConversationTurn, HeatmapViewState } from "../shared/views";
import type { chatHandler } from "./chat/participant";
import type { GradedRun } from "./decorations/grades";
import type { StatusPresentation } from "./status/presentation";

/** What `activate` returns: the state of the extension and its main actions, for tests and other extensions. */
export interface LongsightApi {
  readonly engine: {
    /** Process id while it runs. */
    readonly pid: number | undefined;
    /** Engine processes started since activation. */
    readonly startCount: number;
    readonly status: EngineStatus;
    start(): Promise<void>;
  };
  readonly statusBar: StatusPresentation;
  readonly turns: readonly ConversationTurn[];
  /** What waits in the input of the Ask view. */
  readonly draft: AskViewState["draft"];
  readonly heatmap: HeatmapViewState;
  /** Answers a request of the editor's chat, as the participant does. */
  readonly chat: ReturnType<typeof chatHandler>;
  /** Lines of an editor that are painted with attention, by grade. */
  paintedLines(editor: TextEditor): readonly GradedRun[];
  plan(): Promise<PlanResult>;
  read(): Promise<ReadResult>;
  /** Null when stopped or failed: see the last of `turns`. */
  ask(question: string): Promise<AnswerResult | null>;
}
