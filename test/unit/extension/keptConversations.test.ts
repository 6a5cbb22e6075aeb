import assert from "node:assert/strict";
import type { Memento } from "vscode";
import { KeptConversations } from "../../../src/extension/ask/keptConversations";
import type { ConversationEntry } from "../../../src/shared/conversation";
import { GetConversation, ListConversations, type RequestName } from "../../../src/shared/protocol";

const entry = (id: string, created: string): ConversationEntry => ({
  id,
  title: id,
  created,
  updated: created,
  turns: 1,
});
/** Newest first, as the engine lists them. */
const entries = [entry("new", "2026-01-03T00:00:00.000Z"), entry("old", "2026-01-01T00:00:00.000Z")];

function kept(): KeptConversations {
  const values = new Map<string, unknown>();
  const memory = {
    get: (key: string) => values.get(key),
    update: (key: string, value: unknown) => Promise.resolve(void values.set(key, value)),
  } as unknown as Memento;
  const request = <P, R>({ method }: RequestName<P, R>, params: P): Promise<R> => {
    if (method === ListConversations.method) return Promise.resolve(entries as R);
    assert.equal(method, GetConversation.method);
    return Promise.resolve({ ...entry((params as { id: string }).id, ""), turns: [] } as R);
  };
  return new KeptConversations({ request }, memory);
}

describe("KeptConversations", () => {
  it("has nothing to restore before the first question", async () => {
    const keeping = kept();
    assert.equal(keeping.any, false);
    assert.equal(await keeping.lastOpen(), null);
  });

  it("brings back the conversation that was open", async () => {
    const keeping = kept();
    await keeping.setOpen("old");
    assert.equal((await keeping.lastOpen())?.id, "old");
  });

  it("finds the one that was begun when the window went away before its id was known", async () => {
    const keeping = kept();
    await keeping.begin(new Date("2026-01-02T00:00:00Z"));
    assert.equal(keeping.openId, null);
    assert.equal((await keeping.lastOpen())?.id, "new");
    assert.equal((await keeping.adoptNewest())?.id, "new");
    assert.equal(keeping.openId, "new");
  });

  it("takes no older conversation for a new one", async () => {
    const keeping = kept();
    await keeping.begin(new Date("2026-01-04T00:00:00Z"));
    assert.equal(await keeping.lastOpen(), null);
    assert.equal(await keeping.adoptNewest(), null);
  });
});
