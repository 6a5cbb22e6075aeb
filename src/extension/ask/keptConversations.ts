import type { Memento } from "vscode";
import { z } from "zod";
import type { ConversationEntry, KeptConversation } from "../../shared/conversation";
import { GetConversation, ListConversations } from "../../shared/protocol";
import type { EngineClient } from "../engineClient";

/** Which conversation a workspace had open: its id, or when a new one was begun whose id was not known yet. */
const schema = z.union([z.object({ id: z.string() }), z.object({ since: z.string() })]);
type Open = z.infer<typeof schema>;

const key = "longsight.conversation";

/** Remembers which of the conversations that the engine keeps is open in this workspace. */
export class KeptConversations {
  constructor(
    private readonly engine: Pick<EngineClient, "request">,
    private readonly memory: Memento,
  ) {}

  /** Whether a conversation was ever begun in this workspace. */
  get any(): boolean {
    return this.open !== null;
  }

  /** Id of the open conversation; null while nothing of it is known to be kept. */
  get openId(): string | null {
    const open = this.open;
    return open !== null && "id" in open ? open.id : null;
  }

  async setOpen(id: string): Promise<void> {
    if (id !== this.openId) await this.memory.update(key, { id } satisfies Open);
  }

  /** A new conversation begins now. */
  async begin(now = new Date()): Promise<void> {
    await this.memory.update(key, { since: now.toISOString() } satisfies Open);
  }

  /**
   * The conversation that was open last. One that was begun when the window or the engine went away is the newest since.
   * @throws ResponseError of the engine
   */
  async lastOpen(): Promise<KeptConversation | null> {
    const id = this.openId ?? (await this.newestSince())?.id;
    return id === undefined ? null : this.engine.request(GetConversation, { id });
  }

  /** Takes the conversation that was begun last as the open one, when the engine has kept it without an answer. */
  async adoptNewest(): Promise<ConversationEntry | null> {
    const newest = this.openId === null ? await this.newestSince() : undefined;
    if (newest === undefined) return null;
    await this.setOpen(newest.id);
    return newest;
  }

  private get open(): Open | null {
    return schema.safeParse(this.memory.get(key)).data ?? null;
  }

  private async newestSince(): Promise<ConversationEntry | undefined> {
    const open = this.open;
    if (open === null || !("since" in open)) return undefined;
    const entries = await this.engine.request(ListConversations, {});
    return entries.find(({ created }) => created >= open.since);
  }
}
