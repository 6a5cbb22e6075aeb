/** What a user does, from a machine without a model to a citation in the editor and the map of an answer. */
import assert from "node:assert/strict";
import type { FrameLocator, Locator } from "playwright-core";
import { until } from "../helpers/until";
import { Workbench, type Settings } from "./workbench";

const MINUTE = 60_000;
/** A workbench in a browser writes what views keep every five seconds, not when its page is closed. */
const FLUSH_MS = 8_000;

/** A small context, so that reading is quick on two cores, and windows that leave most of it to be selected from. */
const settings: Settings = {
  "longsight.model": process.env["LONGSIGHT_TEST_MODEL"],
  "longsight.budget": 4000,
  "longsight.attention.initial": 64,
  "longsight.attention.local": 512,
  "longsight.attention.top": 256,
  "longsight.answer.maxTokens": 64,
  "longsight.answer.temperature": 0,
};

describe("Longsight in a workbench", function () {
  this.timeout(10 * MINUTE);
  // Each test goes on where the one before left the workbench.
  this.bail(true);

  /** Undefined when it could not be opened. */
  let opened: Workbench | undefined;
  let workbench: Workbench;
  let ask: FrameLocator;

  const answers = (): Locator => ask.getByRole("article", { name: "Answer" });
  const finished = async (): Promise<Locator> => {
    const answer = answers().last();
    await until("the answer is complete", async () => (await answer.getAttribute("aria-busy")) === "false", 5 * MINUTE);
    return answer;
  };
  const send = async (question: string): Promise<void> => {
    const before = await answers().count();
    await ask.getByLabel("Question", { exact: true }).fill(question);
    await ask.getByLabel("Question", { exact: true }).press("Enter");
    await until("the question is taken", async () => (await answers().count()) > before);
  };

  before(async () => {
    workbench = opened = await Workbench.open();
  });
  after(async () => {
    await opened?.close();
    await until("no engine outlives its workbench", () => (opened?.engines() ?? []).length === 0);
  });
  afterEach(async function () {
    if (this.currentTest?.state !== "failed") return;
    await opened?.screenshot(`failed-${this.currentTest.title.replaceAll(/\W+/g, "-")}`);
    console.log(await opened?.readLog());
  });

  it("says on a machine without a model that one is needed", async () => {
    ask = await workbench.showAskView();
    await ask.getByText("A model is needed").waitFor();
    assert.ok(await ask.getByLabel("Question", { exact: true }).isDisabled());
    assert.ok((await ask.getByRole("radio").count()) > 0, "models are offered");
    await workbench.screenshot("model-missing");
  });

  it("reads the workspace with progress once there is a model", async () => {
    workbench.set(settings);
    await ask.getByRole("heading", { name: "Ask about berthline" }).waitFor();
    await workbench.runCommand("Longsight: Read Workspace");
    const progress = ask.getByRole("progressbar", { name: "Reading the workspace" });
    await progress.waitFor({ timeout: 5 * MINUTE }); // the model is calibrated first
    // It may be over before it is read.
    const percent = async (): Promise<number> =>
      Number(await progress.getAttribute("aria-valuenow", { timeout: 1000 }).catch(() => "100"));
    const first = await percent();
    await workbench.screenshot("reading");
    await until("the progress moves", async () => (await percent()) > first || first === 100, 5 * MINUTE);
    await progress.waitFor({ state: "hidden", timeout: 5 * MINUTE });
    await ask.getByRole("button", { name: /^Context: .+ of .+ tokens\s*,\s*\d+ of 45 files/ }).waitFor();
  });

  it("streams an answer and says what it was based on", async () => {
    await send("What happens to a booking when its deadline has passed?");
    const answer = answers().last();
    const text = answer.locator("longsight-answer");
    const lengths = new Set<number>();
    await until(
      "the answer is complete",
      async () => {
        const busy = (await answer.getAttribute("aria-busy")) === "true";
        const length = ((await text.textContent()) ?? "").length;
        if (busy && length > 0) lengths.add(length);
        return !busy;
      },
      5 * MINUTE,
    );
    assert.ok(lengths.size >= 2, `it grew while it was written: ${[...lengths].join(", ")}`);
    assert.match((await answer.textContent()) ?? "", /As\sof\s.*·\s\d+\sfiles,\s.+\stokens/);
    await workbench.screenshot("answered");
  });

  it("opens the editor at a citation's line", async () => {
    const chip = answers().last().locator("button.citation").first();
    const label = (await chip.textContent())?.trim() ?? "";
    const [, file, start, end] = /^(.+):(\d+)(?:-(\d+))?$/.exec(label) ?? [];
    assert.ok(file !== undefined, `the chip names a place: ${label}`);
    await chip.click();
    const { page } = workbench;
    await page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
    const cursor = page.locator("#status\\.editor\\.selection");
    const line = await until(
      "the cursor is there",
      async () => /Ln (\d+)/.exec((await cursor.textContent()) ?? "")?.[1],
    );
    assert.ok(Number(start) <= Number(line) && Number(line) <= Number(end ?? start) + 1, `line ${line} of ${label}`);
    await workbench.screenshot("citation");
  });

  it("shows what attention selected, and follows the answer token under the pointer", async () => {
    await answers().last().locator("xpath=..").getByRole("button", { name: "Show attention" }).last().click();
    const heatmap = workbench.panel;
    const canvas = heatmap.getByRole("tree").locator("canvas");
    await heatmap.locator("[role=tree][data-painted]").waitFor();
    const map = (): Promise<string> => canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    const whole = await map();
    assert.match((await heatmap.getByRole("treeitem").getAttribute("aria-label")) ?? "", /lift|always selected/);
    assert.ok((await heatmap.getByRole("grid", { name: "Files by selections" }).getByRole("row").count()) > 5);
    const tokens = heatmap.getByRole("listbox", { name: "Words of the answer" }).getByRole("option");
    await tokens.nth(3).hover();
    const third = await until("the map shows one token", async () => ((await map()) === whole ? null : map()));
    await workbench.screenshot("heatmap-token");
    await tokens.nth(8).hover();
    await until("the map shows another token", async () => ![whole, third].includes(await map()));
    await heatmap.getByRole("heading", { name: "Ranked" }).hover();
    await until("the map shows the whole answer again", async () => (await map()) === whole);
  });

  it("completes what a question mentions, and shows the lines of a citation on hover", async () => {
    const question = ask.getByLabel("Question", { exact: true });
    await question.pressSequentially("Who calls @holds");
    const option = ask.getByRole("option").filter({ hasText: "hold" }).first();
    await option.waitFor();
    await workbench.screenshot("completion");
    await question.press("Enter");
    await ask.getByRole("button", { name: /^Remove .*hold/i }).waitFor();
    assert.match(await question.inputValue(), /^Who calls @\S*hold\S* $/i);
    await ask.getByRole("button", { name: /^Remove .*hold/i }).click();
    await question.fill("");
    await answers().last().locator("button.citation").first().hover();
    await ask.getByRole("tooltip").locator(".cited").first().waitFor();
    await workbench.screenshot("citation-preview");
    await question.hover();
    await ask.getByRole("tooltip").waitFor({ state: "hidden" });
  });

  it("stops within the answer and keeps what was written", async () => {
    workbench.set({ ...settings, "longsight.answer.maxTokens": 2000 });
    await send("List every file of this project and explain each of them at length.");
    const answer = answers().last();
    await until(
      "the answer has begun",
      async () => ((await answer.locator("longsight-answer").textContent()) ?? "").length > 10,
      5 * MINUTE,
    );
    await ask.getByRole("button", { name: "Stop (Escape)" }).click();
    await finished();
    assert.match((await answer.getByRole("toolbar").textContent()) ?? "", /Stopped/);
    assert.ok(((await answer.locator("longsight-answer").textContent()) ?? "").length > 10);
    workbench.set(settings);
  });

  it("answers again after the engine was killed", async () => {
    const [before] = workbench.engines();
    assert.ok(before !== undefined, "an engine runs");
    process.kill(before, "SIGKILL");
    const after = await until("another engine runs", () => workbench.engines().find((pid) => pid !== before));
    assert.notEqual(after, before);
    await until("a question can be asked", () => ask.getByLabel("Question", { exact: true }).isEnabled());
    await send("Where are the mails sent?");
    const answer = await finished();
    assert.ok(((await answer.locator("longsight-answer").textContent()) ?? "").length > 0);
    assert.equal(await answer.getByRole("alert").count(), 0, "no error is shown");
  });

  it("looks right in every theme, and axe-core finds nothing serious", async () => {
    const themes = {
      dark: "Default Dark Modern",
      light: "Default Light Modern",
      "high-contrast": "Default High Contrast",
      "high-contrast-light": "Default High Contrast Light",
    };
    for (const [name, theme] of Object.entries(themes)) {
      workbench.set({ ...settings, "workbench.colorTheme": theme });
      await ask.locator(`body.vscode-${name}`).waitFor();
      await workbench.panel.locator(`body.vscode-${name}`).waitFor();
      await workbench.screenshot(`theme-${name}`);
      assert.deepEqual(await workbench.axeFindings(ask), [], name);
    }
    workbench.set(settings);
  });

  it("lists conversations: found, opened, renamed, exported", async () => {
    await workbench.runCommand("Longsight: New Conversation");
    await ask.getByRole("heading", { name: "Ask about berthline" }).waitFor();
    await workbench.screenshot("start");
    await workbench.runCommand("Longsight: Show Conversations");
    const entry = ask.locator(".entry-open");
    await entry.first().waitFor();
    await ask.getByRole("searchbox").fill("deadline has passed");
    await until("one is found", async () => (await entry.count()) === 1);
    await workbench.screenshot("history");
    assert.deepEqual(await workbench.axeFindings(ask), []);
    await entry.hover();
    await ask.getByRole("button", { name: /^Rename / }).click();
    await ask.getByLabel("Title", { exact: true }).fill("Deadlines");
    await ask.getByLabel("Title", { exact: true }).press("Enter");
    await ask.getByRole("button", { name: /^Deadlines/ }).waitFor();
    await ask.getByRole("button", { name: "Export Deadlines as Markdown" }).click();
    await workbench.page.locator(".tab.active", { hasText: "Untitled" }).waitFor();
    await workbench.page.locator(".editor-instance .view-line", { hasText: "# Deadlines" }).first().waitFor();
    await ask.getByRole("button", { name: /^Deadlines/ }).click();
    // A small model may repeat the question in its answer.
    await ask.getByText("What happens to a booking when its deadline has passed?", { exact: true }).first().waitFor();
    assert.ok((await answers().count()) >= 2, "the conversation is there with its answers");
  });

  it("keeps conversation and draft when the window is reloaded, without reading again", async () => {
    const before = await answers().count();
    const first = await answers().first().locator("longsight-answer").textContent();
    await ask.getByLabel("Question", { exact: true }).fill("What is a hold?");
    await workbench.page.waitForTimeout(FLUSH_MS);
    ask = await workbench.reload();
    await until("the conversation is back", async () => (await answers().count()) === before);
    assert.equal(await answers().first().locator("longsight-answer").textContent(), first);
    const question = ask.getByLabel("Question", { exact: true });
    await until("a question can be asked", () => question.isEnabled());
    await until("the draft is back", async () => (await question.inputValue()) === "What is a hold?");
    await question.press("Enter");
    await until("the question is taken", async () => (await answers().count()) > before);
    await until(
      "what was read is restored, not read again",
      async () => (await ask.getByRole("progressbar", { name: "Reading the workspace" }).count()) === 0,
    );
    const answer = await finished();
    assert.ok(((await answer.locator("longsight-answer").textContent()) ?? "").length > 0);
  });

  it("loses only the tokens in flight when the window is reloaded in mid-answer", async () => {
    workbench.set({ ...settings, "longsight.answer.maxTokens": 2000 });
    await workbench.page.waitForTimeout(2000); // the workbench looks at its settings file now and then
    await send("Describe every file of this project, one after the other.");
    const before = await answers().count();
    const text = answers().last().locator("longsight-answer");
    await until("the answer has begun", async () => ((await text.textContent()) ?? "").length > 10, 5 * MINUTE);
    await workbench.screenshot("streaming");
    ask = await workbench.reload();
    await until("the conversation is back", async () => (await answers().count()) === before);
    await ask.getByText("Describe every file of this project, one after the other.", { exact: true }).first().waitFor();
    const interrupted = ask.getByText("Interrupted before there was an answer.");
    const whole = async (): Promise<boolean> =>
      (await answers().last().getAttribute("aria-busy")) === "false" &&
      ((await answers().last().locator("longsight-answer").textContent()) ?? "").length > 0;
    await until(
      "the answer is there, or said to be interrupted",
      async () => (await interrupted.count()) > 0 || whole(),
    );
    await workbench.screenshot("interrupted");
    if ((await interrupted.count()) === 0) return; // a small model was done before the window went away
    workbench.set(settings);
    await answers().last().getByRole("button", { name: "Ask again" }).click();
    const written = async (): Promise<boolean> =>
      (await answers().count()) === before && (await interrupted.count()) === 0 && (await whole());
    await until("it is answered in its place", written, 5 * MINUTE);
  });
});
