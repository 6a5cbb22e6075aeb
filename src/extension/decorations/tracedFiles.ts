import { GetFileTrace, GetTrace } from "../../shared/protocol";
import type { AnswerToken } from "../../shared/trace";
import type { EngineClient } from "../engineClient";
import { errorValueOf } from "../errors";
import { fairShare, lineLifts } from "./grades";

/** A file as an answer saw it, with how much each line was selected. */
export interface TracedFile {
  readonly path: string;
  /** Text of each line then. */
  readonly texts: readonly string[];
  readonly lifts: Float64Array;
}

/** What is kept of one answer's trace. */
interface TracedAnswer {
  readonly question: string;
  readonly words: readonly AnswerToken[];
  readonly fair: number;
}

/** Files that are kept: a few more than editors that are seen at a time. */
const KEPT_FILES = 24;
/** Larger than any file: all lines are asked for. */
const EVERY_LINE = 2 ** 31 - 1;

/** Fetches the files of one answer's trace when they are needed, and keeps the last of them. */
export class TracedFiles {
  private readonly files = new Map<string, Promise<TracedFile | null>>();
  private summary: Promise<TracedAnswer> | undefined;

  constructor(
    private readonly engine: EngineClient,
    readonly trace: string,
  ) {}

  /** @throws ResponseError of the engine */
  answer(): Promise<TracedAnswer> {
    return (this.summary ??= this.loadAnswer());
  }

  /**
   * The file at a path of the plan; null when the answer did not see it.
   * @throws ResponseError of the engine
   */
  file(path: string): Promise<TracedFile | null> {
    const kept = this.files.get(path) ?? this.load(path);
    this.files.delete(path);
    this.files.set(path, kept);
    const [oldest] = this.files.keys();
    if (this.files.size > KEPT_FILES && oldest !== undefined) this.files.delete(oldest);
    // A failure is not kept: the engine may be there again at the next look.
    kept.catch(() => this.files.delete(path));
    return kept;
  }

  private async loadAnswer(): Promise<TracedAnswer> {
    try {
      const summary = await this.engine.request(GetTrace, { id: this.trace });
      return { question: summary.question, words: summary.answer, fair: fairShare(summary) };
    } catch (error) {
      this.summary = undefined;
      throw error;
    }
  }

  private async load(path: string): Promise<TracedFile | null> {
    const { fair } = await this.answer();
    const file = await this.engine
      .request(GetFileTrace, { id: this.trace, path, lines: [1, EVERY_LINE] })
      .catch(nullWhenUnseen);
    if (file === null) return null;
    const texts = file.lines.map(({ text }) => text);
    return { path, texts, lifts: lineLifts(file.strip, texts, fair) };
  }
}

/** The engine refuses a path that the answer did not see. */
function nullWhenUnseen(error: unknown): null {
  if (errorValueOf(error).code === "LS-601") return null;
  throw error;
}
