/** The Ask view's page by itself: answers, hostile text, narrow pages, and what axe-core finds. */
import assert from "node:assert/strict";
import type { Browser, Locator } from "playwright-core";
import { AskView } from "../../src/shared/views";
import { axeFindings } from "./axe";
import { AskPage, cited, openBrowser, readyState, turn } from "./askPage";

describe("answers in the Ask view's page", function () {
  this.timeout(60_000);
  let browser: Browser;
  let ask: AskPage;
  const body = (): Locator => ask.page.locator("body");

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

  it("shows the lines of a citation on focus, and hides them with Escape", async () => {
    await ask.show({ turns: [cited("a.go:2 does it.")] });
    const chip = ask.page.locator("longsight-answer .citation");
    await chip.focus();
    const lines = ["package a", "<img src=x onerror=alert(1)> // \u001b[31m", "}"];
    await ask.reply(AskView.preview.method, { path: "a.go", startLine: 1, lines, more: 0 });
    const preview = ask.page.getByRole("tooltip");
    await preview.waitFor();
    assert.match((await preview.textContent()) ?? "", /<img src=x onerror=alert\(1\)>/);
    assert.equal(await preview.locator("img").count(), 0);
    assert.equal(await preview.locator(".cited").count(), 1);
    assert.equal(await chip.getAttribute("aria-describedby"), await preview.getAttribute("id"));
    await ask.page.keyboard.press("Escape");
    await preview.waitFor({ state: "hidden" });
  });

  it("highlights code without letting it be more than text", async () => {
    const text = '```ts\nconst a: string = "</code><script>alert(1)</script>"; // why\n```\n\n```nonsense\nplain\n```';
    await ask.show({ turns: [turn({ text })] });
    const code = ask.page.locator(".code-block code");
    await code.first().waitFor();
    assert.equal(await code.first().textContent(), 'const a: string = "</code><script>alert(1)</script>"; // why\n');
    assert.equal(await code.first().locator(".hljs-keyword").first().textContent(), "const");
    assert.equal(await code.first().locator(".hljs-comment").count(), 1);
    assert.equal(await code.last().locator("span").count(), 0);
    await ask.page.getByRole("button", { name: "Copy code" }).first().click();
    const [copied] = await ask.sent(AskView.copy.method);
    assert.match((copied?.params as { text: string }).text, /^const a: string/);
  });

  it("says what an answer could not see and what it may have made up", async () => {
    await ask.show({
      turns: [
        turn({
          text: "It calls `Ghost`.",
          asOf: "2026-01-01T00:00:00Z",
          context: { files: 312, tokens: 1000, plannedFiles: 1204, plannedTokens: 9000 },
          droppedTurns: 2,
          unknownNames: ["Ghost"],
        }),
        turn({ id: "t1", question: "Why?", state: "interrupted" }),
      ],
    });
    await ask.page.getByText("Read 312 of 1,204 files when asked.").waitFor();
    await ask.page.getByText("The first 2 questions of this conversation had no room any more.").waitFor();
    assert.match((await body().textContent()) ?? "", /Not found in what was read:\s*Ghost/);
    await ask.page.getByRole("button", { name: "Ask again" }).last().click();
    assert.deepEqual((await ask.sent(AskView.retry.method))[0]?.params, { id: "t1" });
  });

  it("offers follow-ups about what the answer names, and none about what it made up", async () => {
    await ask.show({ turns: [cited("a.go:2 calls `Holds.Fail` and `Ghost`.", { unknownNames: ["Ghost"] })] });
    const follow = ask.page.getByRole("region", { name: "Follow-up questions" });
    await follow.getByRole("button", { name: "Where is Holds.Fail used?" }).click();
    assert.doesNotMatch((await follow.textContent()) ?? "", /Ghost/);
    const [sent] = await ask.sent(AskView.ask.method);
    assert.equal((sent?.params as { question: string }).question, "Where is Holds.Fail used?");
  });

  it("shows hostile text as text", async () => {
    const name = "src/\u202egpj.<b>x</b>\n.ts";
    const text = [
      "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>",
      "[click](command:workbench.action.quit) [js](javascript:alert(1)) ![pic](https://example.com/a.png)",
      "\u001b[31mred\u001b[0m <|im_start|>system <|endoftext|> \uE0000\uE001",
      "| a | b |\n|:-|-:|\n| 1 | 2 |",
      `\`\`\`js\n${"x".repeat(1_000_000)}\n\`\`\``,
    ].join("\n\n");
    await ask.show({
      workspace: "<b>berth</b>",
      turns: [
        turn({
          question: "<img src=x onerror='window.hacked = 1'>\u202e",
          about: name,
          mentions: [{ uri: "file:///w/x", label: `@${name}` }],
          text,
          citations: [{ path: name, uri: "file:///w/x", startLine: 2, endLine: 2, origin: "selected", mention: null }],
          lookedAt: [{ path: name, uri: "file:///w/x", lift: 3 }],
          asOf: "2026-01-01T00:00:00Z",
          changed: [name],
          unknownNames: ["<i>n</i>"],
        }),
      ],
    });
    await ask.page.locator(".code-block").waitFor();
    const answer = ask.page.locator("longsight-answer");
    const shown = (await answer.textContent()) ?? "";
    for (const words of ["<script>window.hacked = 1</script>", "click", "<|im_start|>system", "[31mred"])
      assert.ok(shown.includes(words), words);
    assert.equal(await body().locator("script:not([nonce]), #root :is(img, a, iframe, b b, i i)").count(), 0);
    assert.equal(await ask.page.evaluate(() => "hacked" in window), false);
    assert.doesNotMatch(
      (await ask.page.locator(".file, .citation, .about, .stamp").allTextContents()).join(),
      /\u202e|\n\.ts/,
    );
    assert.ok(await fits(), "nothing is wider than the page");
  });

  /** Nothing but what scrolls by itself is wider than the page. */
  const fits = (): Promise<boolean> =>
    ask.page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      return [".conversation", ".composer", ".history", "body"].every((selector) =>
        [...document.querySelectorAll(selector)].every((element) => element.scrollWidth <= Math.max(width, 1)),
      );
    });

  it("fits into 320 px, and into 200 px, as at 200 % zoom", async () => {
    const long = `${"a/very/long/path/".repeat(8)}${"name".repeat(30)}.ts`;
    const turns = [
      cited("a.go:2 calls `Holds.Fail`.", {
        ...{ about: `${long}:1-20`, mentions: [{ uri: "file:///w/x", label: `@${long}` }] },
        lookedAt: [{ path: long, uri: "file:///w/x", lift: 12 }],
        ...{ asOf: "2026-01-01T00:00:00Z", context: { files: 1, tokens: 2 }, trace: "t" },
        timings: {
          load: 0,
          prefill: 0,
          firstToken: 1,
          decode: 2,
          prefilledTokens: 0,
          reusedTokens: 0,
          generatedTokens: 9,
        },
      }),
    ];
    for (const width of [320, 200]) {
      await ask.page.setViewportSize({ width, height: 500 });
      await ask.show({ turns });
      await ask.page.locator(".looked-at").waitFor();
      assert.ok(await fits(), `conversation at ${width} px`);
      await ask.show({ suggestions: [long] });
      await ask.page.locator(".suggested").waitFor();
      assert.ok(await fits(), `start page at ${width} px`);
    }
  });

  it("has no serious finding of axe-core in any state", async () => {
    const progress = { stage: "prefill", done: 5, total: 10, unit: "tokens", rate: 1, eta: 5 } as const;
    const place = { path: "src/a.go", uri: "file:///w/src/a.go", startLine: 3, endLine: 9 };
    const listed = { ...place, origin: "selected" as const, mention: null };
    const states = {
      start: { suggestions: ["What is a hold?"] },
      listed: { turns: [turn({ text: "So.", citations: [listed], lookedAt: [{ ...listed, lift: 2 }] })] },
      answered: { turns: [cited("a.go:2 calls `Holds.Fail`.\n\n```go\nreturn nil // x\n```", { trace: "t" })] },
      streaming: { turns: [turn({ state: "streaming" as const, text: "So", stopReason: null })] },
      reading: { status: { ...readyState.status, state: "reading" as const, progress } },
      failed: {
        turns: [turn({ state: "failed", error: { code: "LS-402", message: "Too long.", wayOut: "Shorten." } })],
      },
      untrusted: { trusted: false },
      folderless: { workspace: null },
      modelless: { status: { ...readyState.status, state: "noModel" as const, model: null, context: null } },
    };
    for (const [name, state] of Object.entries(states)) {
      await ask.show(state);
      await ask.page.locator(".composer").waitFor();
      assert.deepEqual(await findings(), [], name);
    }
    await ask.show({});
    await ask.page.getByLabel("Question", { exact: true }).pressSequentially("@re");
    await ask.reply(AskView.findMentions.method, [
      { kind: "file", label: "a.go", detail: "", mention: { uri: "file:///w/a.go", label: "@a.go" } },
    ]);
    await ask.page.getByRole("option").first().waitFor();
    assert.deepEqual(await findings(), [], "completion");
    await ask.notify(AskView.showHistory.method, {});
    const times = { created: "2026-01-01T00:00:00Z", updated: "2026-01-01T00:00:00Z" };
    await ask.reply(AskView.history.method, [{ id: "a", title: "About holds", turns: 1, ...times }]);
    await ask.page.locator(".entry-open").waitFor();
    assert.deepEqual(await findings(), [], "history");
  });

  /** Serious findings but for colours, which only a workbench has. */
  const findings = (): Promise<string[]> => axeFindings(ask.page, ["color-contrast"]);
});
