import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { ConversationEntry, KeptConversation, KeptTurn } from "../../shared/conversation";
import { type ErrorValue, userErrors } from "../../shared/errors";
import type { AnswerResult } from "../../shared/protocol";
import { BoundedFolder, writeBeside } from "../disk";
import type { Log } from "../log";
import { withLock } from "./lock";
import { decodeConversation, encodeConversation } from "./schema";

const SUFFIX = ".json";
const ID = /^[A-Za-z0-9-]{1,64}$/;
const MAX_TITLE = 80;

/** Conversations of one workspace that are kept, and their bytes on disk: the least recently changed go first. */
export const CONVERSATION_LIMITS = { count: 500, bytes: 64 * 2 ** 20 } as const;

/** A turn that has begun: its place, and what tells it apart should others cut the conversation meanwhile. */
export interface BegunTurn {
  readonly id: string;
  readonly turn: number;
  readonly askedAt: string;
  readonly question: string;
}

/**
 * The conversations of one workspace, one file each: `<dir>/<id>.json`, written beside and renamed, checked when read.
 * A damaged file is passed over with a line in the log and stays where it is. Each change reads the file, changes it
 * and writes it under a lock, so that several windows can add to the same conversation.
 */
export class ConversationStore {
  readonly #dir: string;
  readonly #log: Log;
  readonly #limits: { readonly count: number; readonly bytes: number };
  readonly #folder: BoundedFolder;
  /** What was read before, by path; good while size and time of the file stay. */
  readonly #known = new Map<string, { readonly stamp: string; readonly conversation: KeptConversation }>();

  constructor(dir: string, log: Log, limits: { readonly count: number; readonly bytes: number } = CONVERSATION_LIMITS) {
    this.#dir = dir;
    this.#log = log;
    this.#limits = limits;
    this.#folder = new BoundedFolder(dir, SUFFIX, limits.bytes);
  }

  /** Newest first; with `query` those whose title, questions or answers contain it, whatever the case. */
  async list(query = ""): Promise<ConversationEntry[]> {
    const wanted = query.trim().toLowerCase();
    const all = await this.#all();
    return all
      .filter((conversation) => wanted === "" || textsOf(conversation).some((text) => text.includes(wanted)))
      .sort((a, b) => (a.updated < b.updated ? 1 : a.updated > b.updated ? -1 : a.id < b.id ? 1 : -1))
      .map(toEntry);
  }

  /** @throws LongsightError LS-408 when there is no such conversation, or its file is damaged */
  async get(id: string): Promise<KeptConversation> {
    const conversation = ID.test(id) ? await this.#read(this.#folder.file(id)) : null;
    if (conversation === null) throw userErrors.conversationMissing(id);
    return conversation;
  }

  /**
   * Adds a question that is about to be answered.
   * @param id conversation that it goes on with; undefined: a new one
   * @throws LongsightError LS-408, LS-501
   */
  async begin(id: string | undefined, asked: Omit<KeptTurn, "answer" | "error">): Promise<BegunTurn> {
    const turn: KeptTurn = { ...asked, answer: null, error: null };
    const { askedAt, question } = asked;
    if (id !== undefined) {
      const changed = await this.#change(id, (found) => ({
        ...found,
        // All turns can have been cut off.
        title: found.turns.length === 0 && found.title === "" ? titleOf(asked.question) : found.title,
        turns: [...found.turns, turn],
      }));
      return { id, turn: changed.turns.length - 1, askedAt, question };
    }
    const fresh = newId();
    const now = new Date().toISOString();
    const conversation = { id: fresh, title: titleOf(asked.question), created: now, updated: now, turns: [turn] };
    const file = this.#folder.file(fresh);
    await writeBeside(file, encodeConversation(conversation));
    await this.#trim(file);
    return { id: fresh, turn: 0, askedAt, question };
  }

  /**
   * Says how a turn ended. A turn that was cut off or deleted meanwhile stays away.
   * @returns its place; null when it is gone
   * @throws LongsightError LS-501
   */
  async finish(
    begun: BegunTurn,
    end: { readonly answer: AnswerResult } | { readonly error: ErrorValue },
  ): Promise<{ readonly id: string; readonly turn: number } | null> {
    const { id, askedAt, question } = begun;
    if (!(await exists(this.#folder.file(id)))) return null;
    let place = -1;
    await this.#change(id, (found) => {
      place = found.turns.findLastIndex(
        (turn) => turn.askedAt === askedAt && turn.question === question && turn.answer === null,
      );
      const turns = found.turns.map((turn, index): KeptTurn => {
        if (index !== place) return turn;
        if ("error" in end) return { ...turn, error: end.error };
        return { ...turn, answer: { ...end.answer, conversation: { id, turn: place } } };
      });
      return { ...found, turns };
    });
    return place === -1 ? null : { id, turn: place };
  }

  /** @throws LongsightError LS-408, LS-501 */
  async rename(id: string, title: string): Promise<ConversationEntry> {
    return toEntry(await this.#change(id, (found) => ({ ...found, title })));
  }

  /** Keeps the first `turns` turns. @returns what is left, and the turns that went. @throws LongsightError LS-408, LS-501 */
  async cut(id: string, turns: number): Promise<{ readonly entry: ConversationEntry; readonly gone: KeptTurn[] }> {
    let gone: KeptTurn[] = [];
    const changed = await this.#change(id, (found) => {
      gone = found.turns.slice(turns);
      return { ...found, turns: found.turns.slice(0, turns) };
    });
    return { entry: toEntry(changed), gone };
  }

  /** Removes one conversation, or all, the damaged ones too. @returns those that could be read, as they were */
  async delete(id?: string): Promise<{ readonly deleted: number; readonly gone: readonly KeptConversation[] }> {
    if (id !== undefined) {
      const gone = await this.get(id);
      await this.#locked(id, () => rm(this.#folder.file(id), { force: true }));
      this.#known.delete(this.#folder.file(id));
      return { deleted: 1, gone: [gone] };
    }
    const gone = await this.#all();
    const files = await this.#files();
    for (const file of files) await rm(file, { force: true });
    this.#known.clear();
    return { deleted: files.length, gone };
  }

  async #change(id: string, change: (found: KeptConversation) => KeptConversation): Promise<KeptConversation> {
    if (!ID.test(id)) throw userErrors.conversationMissing(id);
    const file = this.#folder.file(id);
    return this.#locked(id, async () => {
      const changed = { ...change(await this.get(id)), updated: new Date().toISOString() };
      await writeBeside(file, encodeConversation(changed));
      this.#known.delete(file);
      await this.#trim(file);
      return changed;
    });
  }

  #locked<T>(id: string, work: () => Promise<T>): Promise<T> {
    return withLock(path.join(this.#dir, `${id}.lock`), work);
  }

  /** Removes the least recently changed beyond the bounds, but never `keep`. */
  async #trim(keep: string): Promise<void> {
    const removed = [...(await this.#folder.trim(keep))];
    const kept = await this.#folder.list();
    for (const entry of kept.slice(this.#limits.count)) {
      if (entry.path === keep) continue;
      await this.#folder.remove(entry.path);
      removed.push(entry.path);
    }
    for (const file of removed) this.#known.delete(file);
    if (removed.length > 0) this.#log.info(`${removed.length} old conversations made room for new ones`);
  }

  async #all(): Promise<KeptConversation[]> {
    const found: KeptConversation[] = [];
    for (const file of await this.#files()) {
      const conversation = await this.#read(file);
      if (conversation !== null) found.push(conversation);
    }
    return found;
  }

  async #files(): Promise<string[]> {
    const names = await readdir(this.#dir).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw userErrors.dataDirUnusable(this.#dir, error);
    });
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => path.join(this.#dir, name));
  }

  /** null when the file is gone or damaged. */
  async #read(file: string): Promise<KeptConversation | null> {
    try {
      const { mtimeMs, size, ino } = await stat(file);
      const stamp = `${mtimeMs} ${size} ${ino}`;
      const known = this.#known.get(file);
      if (known?.stamp === stamp) return known.conversation;
      const conversation = decodeConversation(await readFile(file, "utf8"));
      if (conversation.id !== path.basename(file, SUFFIX)) throw new Error("it names another id");
      this.#known.set(file, { stamp, conversation });
      return conversation;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      this.#log.warn(`the conversation ${file} is damaged and passed over`, error);
      return null;
    }
  }
}

function toEntry({ id, title, created, updated, turns }: KeptConversation): ConversationEntry {
  return { id, title, created, updated, turns: turns.length };
}

function textsOf({ title, turns }: KeptConversation): string[] {
  const texts = [title, ...turns.flatMap(({ question, answer }) => [question, answer?.text ?? ""])];
  return texts.map((text) => text.toLowerCase());
}

/** The question's first line, cut at a word. */
function titleOf(question: string): string {
  const line = question.trim().split(/\r?\n/, 1)[0]?.trim() ?? "";
  if (line.length <= MAX_TITLE) return line;
  const cut = line.slice(0, MAX_TITLE);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), MAX_TITLE / 2))}…`;
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null)) !== null;
}

/** `20251123T205210123-1f3a5c`: UTC time and chance. */
function newId(): string {
  const time = new Date().toISOString().replace(/[-:.Z]/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
