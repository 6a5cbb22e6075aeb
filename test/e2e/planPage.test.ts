/** The plan's page by itself: what it shows of a plan, what its rows and its budget send, and what a narrow page has. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { build } from "esbuild";
import type { Browser, Locator, Page } from "playwright-core";
import type { PlannedFile, PlanResult } from "../../src/shared/protocol";
import { PlanView, type PlanViewState } from "../../src/shared/views";
import { root } from "../helpers/paths.mjs";
import { until } from "../helpers/until";
import { openBrowser } from "./askPage";
import { axeFindings } from "./axe";

const file = (name: string, tokens: number, more: Partial<PlannedFile> = {}): PlannedFile => ({
  path: name,
  uri: `file:///w/${name}`,
  ...{ bytes: tokens * 4, tokens, estimated: false, included: true, reason: "source, used by 3 files" },
  ...more,
});
const out = { included: false, reason: "over the budget of 65,536 tokens" };

function planOf(files: readonly PlannedFile[]): PlanResult {
  const sum = (included: boolean) => {
    const chosen = files.filter((one) => one.included === included);
    return { files: chosen.length, tokens: chosen.reduce((total, one) => total + one.tokens, 0) };
  };
  return {
    ...{ budget: 65_536, budgetReason: "as set", used: sum(true).tokens + 3180 },
    ...{ included: sum(true), leftOut: sum(false), files, memoryBytes: 3.5e9, model: "Qwen2.5-Coder 7B" },
    gain: { tokens: 63_931, files: 122, memoryBytes: 3.6e9 },
  };
}

const plan = planOf([
  file("README.md", 820, { reason: "manifest" }),
  file("src/booking/hold.ts", 4200, { pinned: true, reason: "pinned" }),
  file("src/booking/service.ts", 9100),
  file("src/payments/gateway.ts", 310, {
    outline: true,
    reason: "declarations only: the whole file is over the budget",
  }),
  file("src/payments/retry.ts", 6100, out),
  file("gen/api.ts", 48_000, { included: false, reason: "generated" }),
]);

/** Colours of the three kinds of themes, as the workbench gives them. */
const themes: Readonly<Record<string, string>> = {
  dark: "--vscode-editor-background:#1f1f1f;--vscode-foreground:#ccc;--vscode-descriptionForeground:#9d9d9d;--vscode-panel-border:#2b2b2b;--vscode-input-background:#313131;--vscode-input-foreground:#ccc;--vscode-input-border:#3c3c3c;--vscode-button-secondaryBackground:#313131;--vscode-button-secondaryForeground:#ccc;--vscode-focusBorder:#0078d4;--vscode-textLink-foreground:#4daafc;--vscode-charts-blue:#59a4f9;--vscode-charts-green:#89d185;--vscode-list-hoverBackground:#2a2d2e;--vscode-inputOption-activeBackground:#2489db82;--vscode-inputOption-activeBorder:#2488db;--vscode-inputOption-activeForeground:#fff;--vscode-list-inactiveSelectionBackground:#37373d",
  light:
    "--vscode-editor-background:#fff;--vscode-foreground:#3b3b3b;--vscode-descriptionForeground:#616161;--vscode-panel-border:#e5e5e5;--vscode-input-background:#fff;--vscode-input-foreground:#3b3b3b;--vscode-input-border:#cecece;--vscode-button-secondaryBackground:#e5e5e5;--vscode-button-secondaryForeground:#3b3b3b;--vscode-focusBorder:#005fb8;--vscode-textLink-foreground:#005fb8;--vscode-charts-blue:#1a85ff;--vscode-charts-green:#388a34;--vscode-list-hoverBackground:#f2f2f2;--vscode-inputOption-activeBackground:#bed6ed;--vscode-inputOption-activeBorder:#005fb8;--vscode-inputOption-activeForeground:#000;--vscode-list-inactiveSelectionBackground:#e4e6f1",
  hc: "--vscode-editor-background:#000;--vscode-foreground:#fff;--vscode-descriptionForeground:#fff;--vscode-contrastBorder:#6fc3df;--vscode-input-background:#000;--vscode-input-foreground:#fff;--vscode-button-secondaryBackground:#000;--vscode-button-secondaryForeground:#fff;--vscode-focusBorder:#f38518;--vscode-textLink-foreground:#21a6ff;--vscode-charts-blue:#59a4f9;--vscode-charts-green:#89d185",
};

describe("the plan's page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let page: Page;
  let bundle: { readonly script: string; readonly css: string };
  const complaints: string[] = [];

  before(async () => {
    browser = await openBrowser();
    const { outputFiles } = await build({
      ...{ absWorkingDir: root, entryPoints: { plan: "src/webview/plan/main.ts" }, bundle: true, write: false },
      ...{
        platform: "browser",
        format: "iife",
        target: "es2022",
        outdir: "dist/webview",
        loader: { ".ttf": "dataurl" },
      },
    });
    const text = (end: string): string => outputFiles.find(({ path: name }) => name.endsWith(end))?.text ?? "";
    bundle = { script: text(".js"), css: text(".css") };
  });
  after(() => browser.close());
  beforeEach(() => open());
  afterEach(async () => {
    await page.context().close();
    assert.deepEqual(complaints.splice(0), []);
  });

  /** Opens the page under the policy that the extension gives it. */
  async function open(theme = "dark", width = 1000): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 640 } });
    page = await context.newPage();
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.addInitScript({
      content: `window.sent = []; window.acquireVsCodeApi = () => ({ postMessage: (m) => window.sent.push(m), getState: () => null, setState: () => {} });`,
    });
    const policy = "default-src 'none'; script-src 'nonce-x'; style-src 'self'; font-src data:; base-uri 'none'";
    const look = `:root{${themes[theme]}} body{background:var(--vscode-editor-background);--vscode-font-family:sans-serif;--vscode-font-size:13px}`;
    await page.route("http://plan.test/**", (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/plan.css") return route.fulfill({ contentType: "text/css", body: bundle.css + look });
      if (pathname === "/plan.js") return route.fulfill({ contentType: "text/javascript", body: bundle.script });
      if (pathname !== "/") return route.abort();
      return route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Context Plan</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="/plan.css"></head>
<body><div id="root"></div><script nonce="x" src="/plan.js"></script></body></html>`,
      });
    });
    await page.goto("http://plan.test/");
  }

  async function show(change: Partial<PlanViewState> = {}): Promise<void> {
    const common = { kind: "plan", workspace: "berthline", plan, budget: 65_536, limited: false, error: null } as const;
    const message = {
      method: PlanView.state.method,
      receiver: { type: "webview", webviewId: "plan" },
      params: { ...common, ...change },
    };
    await page.evaluate((data) => window.postMessage(data, "*"), message);
    await page.locator("table, .message").first().waitFor();
  }

  const sent = async (method: string): Promise<unknown[]> => {
    const all = await page.evaluate(() => (window as unknown as { sent: { method: string; params: unknown }[] }).sent);
    return all.filter((message) => message.method === method).map(({ params }) => params);
  };
  const row = (name: string): Locator => page.locator(`tr[data-path="${name}"]`);

  it("shows what is in, in part, as an outline and out, what it costs and what more would bring", async () => {
    await show();
    await row("src/payments").click();
    await row("src/booking").click();
    const state = async (name: string): Promise<string> => (await row(name).locator(".state").innerText()).trim();
    assert.equal(await state("src"), "In part");
    assert.equal(await state("src/booking/service.ts"), "In");
    assert.equal(await state("src/payments/gateway.ts"), "Outline");
    assert.equal(await state("src/payments/retry.ts"), "Out");
    assert.match(await row("src/booking/hold.ts").innerText(), /pinned/);
    const budget = page.getByRole("region", { name: "Budget" });
    assert.match(await budget.innerText(), /17,610 of 65,536 tokens/);
    assert.match(
      await budget.innerText(),
      /64 k more tokens would bring 122 more files in as a whole; it takes 3\.4 GB more/,
    );
    assert.match(await page.locator("header").innerText(), /4 of 6 files in, 2 left out, 1 as outlines/);
  });

  it("sends what a row's buttons change, by pointer and by keyboard", async () => {
    await show();
    await row("gen").hover();
    await row("gen")
      .getByRole("button", { name: /^Pin in the context/ })
      .click();
    await row("src")
      .getByRole("button", { name: /^Limit to this folder/ })
      .click();
    await row("README.md").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.deepEqual(await sent(PlanView.change.method), [
      { action: "pin", path: "gen" },
      { action: "limitToFolder", path: "src" },
      { action: "leaveOut", path: "README.md" },
    ]);
    assert.deepEqual(await sent(PlanView.open.method), [], "a button does not open its row");
    await show({ limited: true });
    await page.getByRole("button", { name: "Use all folders" }).click();
    assert.equal((await sent(PlanView.allFolders.method)).length, 1);
  });

  it("takes a budget as a number, by steps, or raised by what more would bring", async () => {
    await show();
    const field = page.getByLabel("Budget in tokens");
    assert.equal(await field.inputValue(), "65536");
    await field.press("ArrowUp");
    await field.press("PageDown");
    assert.equal(await field.inputValue(), "16384");
    await field.press("Enter");
    await field.fill("-5");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: "Raise to 131.1 k" }).click();
    assert.deepEqual(await sent(PlanView.budget.method), [{ tokens: 16_384 }, { tokens: 131_072 }]);
    await show({ budget: 0 });
    assert.equal(await page.getByRole("button", { name: /^Raise/ }).count(), 0, "the memory is the limit");
  });

  it("finds files by words of path and reason, with their folders open", async () => {
    await show();
    await page.getByLabel("Filter by name or reason").fill("PAY declarations");
    const paths = () =>
      page.locator("tbody tr").evaluateAll((rows) => rows.map((one) => (one as HTMLElement).dataset["path"]));
    await until("one file is left", async () => (await paths()).join() === "src/payments,src/payments/gateway.ts");
    await page.getByLabel("Filter by name or reason").fill("");
    await until("all are back", async () => (await paths()).length > 3);
  });

  it("moves through rows with the keys of a tree", async () => {
    await show();
    await row("gen").focus();
    const active = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset["path"]);
    await page.keyboard.press("ArrowDown");
    assert.equal(await active(), "gen/api.ts");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await active(), "gen");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await row("gen").getAttribute("aria-expanded"), "false");
    await page.keyboard.press("End");
    assert.equal(await active(), "README.md");
    await page.keyboard.press("Enter");
    assert.deepEqual(await sent(PlanView.open.method), [{ uri: "file:///w/README.md" }]);
  });

  it("shows hostile names as text", async () => {
    const name = `<img src=x onerror='window.hacked=1'>\u202egnp.ts`;
    await show({
      workspace: "<b>w</b>",
      plan: planOf([file(name, 5), file(`${name}/b\n.ts`, 5, { reason: "<i>r</i>" })]),
    });
    assert.equal(await page.locator("#root :is(img, i i, b b)").count(), 0);
    assert.equal(await page.evaluate(() => "hacked" in window), false);
    assert.doesNotMatch((await page.locator("td.name").allInnerTexts()).join(), /\u202e/);
  });

  it("draws and filters 20,000 files without a long wait for the page", async function () {
    const many = Array.from({ length: 20_000 }, (_, i) =>
      file(`pkg${i % 200}/mod${i % 7}/file${i}.ts`, 100 + (i % 900), i % 3 === 0 ? out : {}),
    );
    const began = Date.now();
    await show({ plan: planOf(many) });
    await row("pkg0").waitFor();
    const drawn = Date.now();
    await page.getByLabel("Filter by name or reason").fill("file1999");
    await until("the filter is on", async () => (await page.locator("tbody tr").count()) < 60);
    console.log(`      20,000 files: drawn after ${drawn - began} ms, filtered after ${Date.now() - drawn} ms`);
  });

  it("fits into 320 px in three themes, without serious findings of axe-core", async () => {
    const shots = path.join(root, "artifacts/screenshots");
    mkdirSync(shots, { recursive: true });
    for (const theme of Object.keys(themes)) {
      for (const width of [1000, 320]) {
        await page.context().close();
        await open(theme, width);
        await show({ limited: true });
        await row("src/payments").click();
        await row("src/payments").hover();
        await page.screenshot({ path: path.join(shots, `plan-page-${theme}-${width}.png`) });
        const wide = await page.evaluate(() =>
          [...document.querySelectorAll("body, header, section")].map((one) => one.scrollWidth),
        );
        assert.ok(Math.max(...wide) <= width, `${theme}, ${width} px: ${wide.join()}`);
        assert.deepEqual(await axeFindings(page), [], `${theme}, ${width} px`);
        // To measure colours axe-core tries a style of its own, which the page refuses.
        const own = complaints.filter((complaint) => !complaint.startsWith("Applying inline style"));
        complaints.splice(0, complaints.length, ...own);
      }
    }
  });
});
