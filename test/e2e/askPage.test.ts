/** The Ask view's page by itself: what is typed, what is kept, and the list of conversations. */
import assert from "node:assert/strict";
import type { Browser, Locator } from "playwright-core";
import { AskView, type ConversationTurn } from "../../src/shared/views";
import { until } from "../helpers/until";
import { AskPage, openBrowser, turn } from "./askPage";

describe("the Ask view's page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let ask: AskPage;
  const question = (): Locator => ask.page.getByLabel("Question", { exact: true });

  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  beforeEach(async () => {
    ask = await AskPage.open(browser);
  });
  afterEach(async () => {
    await ask.close();
    assert.deepEqual(ask.complaints, []);
  });

  const candidates = [
    { kind: "file", label: "internal/queue/retry.go", detail: "" },
    { kind: "symbol", label: "Holds.Release", detail: "internal/booking/release.go:22" },
  ].map((found) => ({ ...found, mention: { uri: `file:///w/${found.label}`, label: `@${found.label}` } }));

  it("completes a mention by keyboard and sends it with the question", async () => {
    await ask.show({});
    await question().fill("Does it agree with ");
    await question().pressSequentially("@re");
    assert.deepEqual(await ask.reply(AskView.findMentions.method, candidates), { text: "re" });
    const options = ask.page.getByRole("listbox").getByRole("option");
    await options.first().waitFor();
    await question().press("ArrowDown");
    const active = await question().getAttribute("aria-activedescendant");
    assert.equal(await options.nth(1).getAttribute("id"), active);
    assert.equal(await options.nth(1).getAttribute("aria-selected"), "true");
    await question().press("ArrowDown");
    await question().press("Enter");
    assert.equal(await question().inputValue(), "Does it agree with @internal/queue/retry.go ");
    assert.equal(await options.count(), 0);
    await question().press("Enter");
    const [sent] = await ask.sent(AskView.ask.method);
    assert.deepEqual(sent?.params, {
      question: "Does it agree with @internal/queue/retry.go",
      selection: null,
      mentions: [candidates[0]?.mention],
      replaces: null,
    });
    assert.equal(
      await ask.page.getByRole("button", { name: /^Remove/ }).count(),
      0,
      "the chips went with the question",
    );
  });

  it("adds the editor selection with #, as a chip that can be removed", async () => {
    await ask.show({});
    const selection = {
      label: "web/Timer.tsx:3-9",
      range: { uri: "file:///w/web/Timer.tsx", startLine: 3, endLine: 9 },
    };
    await question().pressSequentially("Why #sel");
    await ask.reply(AskView.editorSelection.method, selection);
    await ask.page.getByRole("option").waitFor();
    await question().press("Tab");
    const remove = ask.page.getByRole("button", { name: "Remove web/Timer.tsx:3-9" });
    await remove.waitFor();
    assert.equal(await question().inputValue(), "Why ");
    await remove.click();
    await question().fill("Why?");
    await question().press("Enter");
    assert.equal(((await ask.sent(AskView.ask.method))[0]?.params as { selection: unknown }).selection, null);
  });

  it("mentions a file that is dropped", async () => {
    await ask.show({});
    await ask.page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData("text/uri-list", "file:///w/a.go\r\n# a comment\r\nfile:///w/b.go");
      document.querySelector(".box")?.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
    });
    assert.deepEqual(await ask.reply(AskView.dropped.method, [candidates[0]]), {
      uris: ["file:///w/a.go", "file:///w/b.go"],
    });
    await ask.page.getByRole("button", { name: "Remove internal/queue/retry.go" }).waitFor();
  });

  it("breaks lines with Shift+Enter and recalls earlier questions", async () => {
    await ask.show({ turns: [turn({ id: "1", question: "First?" }), turn({ id: "2", question: "Second?" })] });
    await question().press("ArrowUp");
    await question().press("ArrowUp");
    assert.equal(await question().inputValue(), "First?");
    await question().press("ArrowDown");
    await question().press("ArrowDown");
    assert.equal(await question().inputValue(), "");
    await question().pressSequentially("a");
    await question().press("Shift+Enter");
    await question().pressSequentially("b");
    assert.equal(await question().inputValue(), "a\nb");
    assert.equal((await ask.sent(AskView.ask.method)).length, 0);
  });

  it("edits a question in its place", async () => {
    await ask.show({ turns: [turn({ id: "1", question: "First?" }), turn({ id: "2", question: "Second?" })] });
    await ask.page.getByRole("button", { name: "Edit and ask again" }).first().click();
    await ask.page.getByText("it replaces this question and the one after it").waitFor();
    assert.equal(await question().inputValue(), "First?");
    await question().fill("First, in other words?");
    await question().press("Enter");
    assert.equal(((await ask.sent(AskView.ask.method))[0]?.params as { replaces: unknown }).replaces, "1");
  });

  it("keeps draft, chips, folded parts and the place over a reload", async () => {
    const text = Array.from({ length: 60 }, (_, index) => `Paragraph ${index}.`).join("\n\n");
    const turns = [
      turn({ id: "live", text, lookedAt: [{ path: "a.go", uri: "file:///w/a.go", lift: 3 }] }),
      turn({ id: "last", question: "And?", text: "So." }),
    ];
    const log = ask.page.locator(".conversation");
    const top = (): Promise<number> => log.evaluate((element) => Math.round(element.scrollTop));
    await ask.show({ turns });
    await question().pressSequentially("See @re");
    await ask.reply(AskView.findMentions.method, candidates);
    await question().press("Enter");
    await ask.page.locator("summary").click();
    await log.evaluate((element) => element.scrollTo({ top: 200 }));
    await until("the place is kept", async () =>
      (await ask.page.evaluate(() => sessionStorage.getItem("state")))?.includes('"scrollTop":200'),
    );
    await ask.page.reload();
    // The host knows the conversation by the places of its turns only after a reload, and sends it late.
    await ask.show({ restoring: true });
    await ask.show({ turns: turns.map((one, index) => ({ ...one, id: `c/${index}` })) });
    await until("the reader is where they were", async () => (await top()) === 200);
    assert.equal(await question().inputValue(), "See @internal/queue/retry.go ");
    assert.equal(await ask.page.getByRole("button", { name: /^Remove/ }).count(), 1);
    assert.ok(await ask.page.locator("details").evaluate((element: HTMLDetailsElement) => element.open));
  });

  it("follows an answer only for who is at its end", async () => {
    const text = "Line.\n\n".repeat(80);
    const streaming: ConversationTurn = turn({ id: "s", state: "streaming", text, stopReason: null });
    await ask.show({ turns: [turn({ id: "0" })] });
    await ask.show({ turns: [turn({ id: "0" }), streaming] });
    const log = ask.page.locator(".conversation");
    const left = (): Promise<number> =>
      log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
    await until("the end is shown", async () => (await left()) < 8);
    await log.evaluate((element) => element.scrollTo({ top: 100 }));
    await ask.notify(AskView.delta.method, { id: "s", text: "More.\n\n".repeat(20), tokens: 200 });
    await ask.page.getByText("200 tokens").waitFor({ state: "attached" });
    assert.equal(await log.evaluate((element) => Math.round(element.scrollTop)), 100);
  });

  it("lists, searches, renames and deletes conversations by keyboard", async () => {
    const entry = (id: string, title: string): unknown => ({
      ...{ id, title, created: "2026-01-01T00:00:00Z", updated: "2026-01-01T00:00:00Z", turns: 2 },
    });
    const list = [entry("a", "About holds"), entry("b", "About mails")];
    await ask.show({ conversation: { id: "a", title: "About holds" } });
    await ask.notify(AskView.showHistory.method, {});
    await ask.reply(AskView.history.method, list);
    const search = ask.page.getByRole("searchbox");
    await until("the search has the focus", () => search.evaluate((element) => element === document.activeElement));
    await search.fill("mails");
    assert.deepEqual(await ask.reply(AskView.history.method, [list[1]]), { query: "mails" });
    await ask.page.getByRole("button", { name: "About holds" }).waitFor({ state: "detached" });
    await search.press("ArrowDown");
    await ask.page.keyboard.press("Tab");
    await ask.page.keyboard.press("Enter");
    await ask.page.getByLabel("Title", { exact: true }).fill("Mails");
    await ask.page.keyboard.press("Enter");
    assert.deepEqual(await ask.reply(AskView.renameConversation.method, entry("b", "Mails")), {
      id: "b",
      title: "Mails",
    });
    await ask.reply(AskView.history.method, [entry("b", "Mails")]);
    await ask.page.getByRole("button", { name: "Delete Mails" }).press("Enter");
    assert.equal((await ask.sent(AskView.deleteConversation.method)).length, 0, "it asks first");
    const confirm = ask.page.locator("#entry-delete");
    await until("the confirmation has the focus", () =>
      confirm.evaluate((element) => element === document.activeElement),
    );
    await ask.page.keyboard.press("Enter");
    assert.deepEqual(await ask.reply(AskView.deleteConversation.method, { deleted: 1 }), { id: "b" });
    await ask.reply(AskView.history.method, []);
    await ask.page.getByText("No conversation contains this.").waitFor();
    await ask.page.keyboard.press("Escape");
    await question().waitFor();
  });
});
