import path from "node:path";
import type { ConversationEntry, KeptConversation, KeptTurn } from "../shared/conversation";
import { LongsightError, toErrorValue } from "../shared/errors";
import type { AnswerResult, AskParams } from "../shared/protocol";
import { toMarkdown } from "./conversations/markdown";
import { type BegunTurn, ConversationStore } from "./conversations/store";
import { sha256 } from "./disk";
import type { Log } from "./log";
import type { TraceHost } from "./traceHost";
import type { WorkspaceHost } from "./workspaceHost";

/** Finds the turns before a question. @throws LongsightError LS-408 when the conversation was deleted meanwhile */
export type EarlierTurns = () => Promise<readonly KeptTurn[]>;

/** The conversations of the workspace that is open, with their traces. */
export class ConversationHost {
  readonly #dataDir: () => string;
  readonly #workspace: WorkspaceHost;
  readonly #traces: TraceHost;
  readonly #log: Log;
  #current: { readonly dir: string; readonly store: ConversationStore } | null = null;

  /** @param dataDir the data folder as the settings have it now */
  constructor(dataDir: () => string, workspace: WorkspaceHost, traces: TraceHost, log: Log) {
    this.#dataDir = dataDir;
    this.#workspace = workspace;
    this.#traces = traces;
    this.#log = log;
  }

  /** Newest first; with `query` those that contain it. @throws LongsightError LS-501 */
  list(query?: string): Promise<ConversationEntry[]> {
    return this.#store.list(query);
  }

  /** @throws LongsightError LS-408 */
  get(id: string): Promise<KeptConversation> {
    return this.#store.get(id);
  }

  /** @throws LongsightError LS-408, LS-501 */
  rename(id: string, title: string): Promise<ConversationEntry> {
    return this.#store.rename(id, title);
  }

  /** Removes one conversation, or all of this workspace, with their traces. @throws LongsightError LS-408, LS-501 */
  async delete(id?: string): Promise<{ readonly deleted: number }> {
    const { deleted, gone } = await this.#store.delete(id);
    await this.#traces.remove(gone.flatMap(({ turns }) => tracesOf(turns)));
    return { deleted };
  }

  /** Keeps the first `turns` turns; the traces of the others go too. @throws LongsightError LS-408, LS-501 */
  async cut(id: string, turns: number): Promise<ConversationEntry> {
    const { entry, gone } = await this.#store.cut(id, turns);
    await this.#traces.remove(tracesOf(gone));
    return entry;
  }

  /** @throws LongsightError LS-408 */
  async export(id: string): Promise<{ readonly markdown: string }> {
    return { markdown: toMarkdown(await this.#store.get(id)) };
  }

  /**
   * Answers a question and keeps both, also when it fails or is stopped. That it cannot be kept, such as on a full disk,
   * is logged, and the answer comes all the same.
   * @param answer gets what finds the turns before this one, as they are when it is this one's turn
   * @throws LongsightError LS-408 when it is to go on with a conversation that is not there, and what `answer` throws
   */
  async keep(params: AskParams, answer: (earlier: EarlierTurns) => Promise<AnswerResult>): Promise<AnswerResult> {
    const { conversation: id, keep = true, question } = params;
    const store = this.#store;
    if (id !== undefined) await store.get(id);
    const turns = async (): Promise<readonly KeptTurn[]> => (id === undefined ? [] : (await store.get(id)).turns);
    if (!keep || question.trim() === "") return { ...(await answer(turns)), conversation: null };
    const begun = await this.#unlessUnusable(() => store.begin(id, toTurn(params)));
    try {
      const result = await answer(async () => (await turns()).slice(0, begun?.turn));
      return { ...result, conversation: await this.#finish(store, begun, { answer: result }) };
    } catch (error) {
      await this.#finish(store, begun, { error: toErrorValue(error) });
      throw error;
    }
  }

  get #store(): ConversationStore {
    const dir = path.join(this.#dataDir(), "conversations", sha256(this.#workspace.id).slice(0, 32));
    if (this.#current?.dir !== dir) this.#current = { dir, store: new ConversationStore(dir, this.#log) };
    return this.#current.store;
  }

  #finish(
    store: ConversationStore,
    begun: BegunTurn | null,
    end: Parameters<ConversationStore["finish"]>[1],
  ): ReturnType<ConversationStore["finish"]> {
    return begun === null ? Promise.resolve(null) : this.#unlessUnusable(() => store.finish(begun, end));
  }

  /** null when the data folder cannot be written, or the conversation was damaged or deleted meanwhile. */
  async #unlessUnusable<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LongsightError)) throw error;
      this.#log.warn("the question and its answer are not kept", error);
      return null;
    }
  }
}

function toTurn({ question, form = "ask", selection, mentions = [] }: AskParams): Omit<KeptTurn, "answer" | "error"> {
  return { question, form, selection: selection ?? null, mentions, askedAt: new Date().toISOString() };
}

function tracesOf(turns: readonly KeptTurn[]): string[] {
  return turns.flatMap(({ answer }) => (answer === null ? [] : [answer.trace]));
}
