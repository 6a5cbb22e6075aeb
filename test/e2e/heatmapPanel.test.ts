import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page, ViewportSize } from "playwright-core";
import { Symbols } from "../../src/engine/symbols/symbols";
import { TraceIndex } from "../../src/engine/trace/query";
import type { Trace } from "../../src/engine/trace/types";
import { TraceView } from "../../src/engine/trace/view";
import { inventTrace } from "../bench/heatmap/trace";
import { launchBrowser, openPanel, showState, type PanelTheme, type PanelTraffic } from "../helpers/heatmapPanel";

const screenshots = fileURLToPath(new URL("../../artifacts/screenshots", import.meta.url));
const hostile = `packages/p0/src/<img src=x onerror=alert(1)>\u202Eevil\n"&.ts`;
const shape = { files: 300, tokens: 60_000, layers: 12, steps: 40, k: 256 };

/** A trace whose largest file has a hostile name, and whose question is markup. */
function hostileTrace(): Trace {
  const trace = inventTrace(shape);
  const largest = trace.files.reduce((most, file) => (file.count > most.count ? file : most));
  return {
    ...trace,
    question: `What does <b>Fail</b> do?</script><script>alert(1)</script>`,
    files: trace.files.map((file) => (file === largest ? { ...file, path: hostile } : file)),
  };
}

describe("heatmap panel in a browser", function () {
  this.timeout(90_000);
  let browser: Browser;
  const symbols = new Symbols();
  const trace = hostileTrace();
  const inText = (_: string, text: string) => symbols.symbolsOf("typescript", text, text);
  const view = new TraceView(new TraceIndex(trace), inText);
  const second: Trace = {
    ...trace,
    id: "20260102T000000000-abcdef",
    question: "And where?",
    steps: trace.steps.slice(0, 20),
  };
  const other = new TraceView(new TraceIndex(second), inText);
  const views = new Map([view, other].map((each) => [each.index.trace.id, each]));
  let complaints: string[] = [];
  let traffic: PanelTraffic & { largest: number } = { sent: [], largest: 0, onAnswer: () => undefined };

  before(async () => {
    browser = await launchBrowser();
    await mkdir(screenshots, { recursive: true });
  });
  after(async () => {
    await symbols.dispose();
    await browser.close();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    assert.deepEqual(complaints, [], "the console stays silent");
  });

  async function open(
    theme: PanelTheme = "dark",
    viewport: ViewportSize = { width: 1200, height: 800 },
    scale = 1,
  ): Promise<Page> {
    const context = await browser.newContext({ viewport, deviceScaleFactor: scale });
    const page = await context.newPage();
    complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    const made = {
      sent: [],
      largest: 0,
      onAnswer: (_: string, characters: number) => void (made.largest = Math.max(made.largest, characters)),
    };
    traffic = made;
    await openPanel(page, views, traffic, theme);
    await showState(page, view);
    // Below 600 pixels the table stands for the map.
    if (viewport.width >= 600) await page.locator("[data-painted]").waitFor({ state: "attached" });
    await page.locator("[data-row='0'][data-path]").waitFor({ state: "attached" });
    return page;
  }

  const sent = async (page: Page, method: string): Promise<unknown> => {
    for (let tries = 0; tries < 100; tries++) {
      const found = traffic.sent.findLast((message) => message.method === method);
      if (found !== undefined) return found.params;
      await page.waitForTimeout(20);
    }
    throw new Error(`${method} was not sent`);
  };

  it("zooms from folder to file to functions and back by keyboard", async () => {
    const page = await open();
    await page.locator("[data-path]", { hasText: "file" }).first().click();
    await page.locator("[role=treeitem]").focus();
    const level = (): Promise<string> => page.locator(".path").innerText();
    for (
      let presses = 0;
      presses < 8 && !(await page.locator(".path .current").innerText()).trim().endsWith(".ts");
      presses++
    ) {
      await page.keyboard.press("Enter");
      await page.waitForTimeout(150);
    }
    assert.match(await level(), /\.ts/);
    await page.waitForFunction(() =>
      document
        .querySelector("[role=treeitem]")
        ?.getAttribute("data-key")
        ?.match(/^(symbol|rest):/),
    );
    await page.screenshot({ path: path.join(screenshots, "heatmap-functions.png") });
    await page.keyboard.press("0");
    await page.waitForFunction(() => document.querySelector(".path .current")?.textContent === "Workspace");
  });

  it("ranks functions and lines, and opens the editor at them", async () => {
    const page = await open();
    await page.getByRole("radio", { name: "Functions" }).click();
    await page
      .locator(".file-name", { hasText: /^f\d+$/ })
      .first()
      .waitFor();
    await page.getByRole("grid").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const opened = (await sent(page, "heatmap/open")) as { readonly path: string; readonly line: number };
    const file = view.index.file({ path: opened.path, lines: [opened.line, opened.line + 1] });
    assert.match(file.lines[0]?.text ?? "", /^export function f\d+/);
    await page.getByRole("radio", { name: "Lines" }).click();
    await page.locator(".grid[data-unit=lines] .file-name", { hasText: "const value" }).first().waitFor();
    await page.screenshot({ path: path.join(screenshots, "heatmap-lines.png") });
  });

  it("pins the word that selected a line most", async () => {
    const page = await open();
    await page.locator(".code-line .code-token").first().waitFor();
    await page.locator(".code-rows").focus();
    await page.keyboard.press("p");
    await page.locator(".token.pinned").waitFor();
  });

  it("compares two answers: map, table and what they share", async () => {
    const page = await open();
    await page.keyboard.press("c");
    assert.deepEqual(await sent(page, "heatmap/compare"), { on: true });
    const canvas = page.locator(".tiles canvas");
    const alone = await canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
    await showState(page, view, other);
    await page.locator(".badge-b").waitFor();
    await page.waitForFunction(
      (before) => document.querySelector<HTMLCanvasElement>(".tiles canvas")?.toDataURL() !== before,
      alone,
    );
    await page.getByRole("heading", { name: "Largest differences" }).waitFor();
    await page.locator(".compare dd", { hasText: "yes" }).waitFor();
    assert.equal((await page.locator(".compare-cell:visible").count()) > 3, true);
    await page.screenshot({ path: path.join(screenshots, "heatmap-compare.png") });
    await page.getByRole("button", { name: "Swap A and B" }).click();
    await sent(page, "heatmap/swap");
  });

  it("draws pictures in which text stays text", async () => {
    const page = await open();
    const save = async (name: string): Promise<string> => {
      traffic.sent.length = 0;
      await page.getByRole("button", { name: "Save as" }).click();
      await page.getByRole("menuitem", { name }).click();
      return ((await sent(page, "heatmap/export")) as { readonly content: string }).content;
    };
    assert.equal(
      Buffer.from(await save("Picture"), "base64")
        .subarray(1, 4)
        .toString(),
      "PNG",
    );
    const svg = await save("Drawing");
    const parsed = await page.evaluate((text) => {
      const drawing = new DOMParser().parseFromString(text, "image/svg+xml");
      const names = [...new Set([...drawing.querySelectorAll("*")].map((element) => element.tagName))].sort();
      return { names, text: drawing.documentElement.textContent };
    }, svg);
    assert.deepEqual(parsed.names, ["defs", "line", "pattern", "rect", "svg", "text"]);
    assert.match(parsed.text, /What does <b>Fail<\/b> do\?/);
  });

  it("shows hostile names as text", async () => {
    const page = await open();
    await page.getByLabel("Filter the table").fill("onerror");
    await page.waitForFunction(() => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === "2");
    await page.locator("[data-row='0']").click();
    await page.locator(".code-title strong", { hasText: "evil" }).waitFor();
    assert.equal(await page.locator("#root img, #root b, #root script").count(), 0);
  });

  it("never sends what grows with the repository", async () => {
    const page = await open();
    await page.locator(".token").nth(5).hover();
    await page.waitForTimeout(300);
    assert.ok(traffic.largest < 150_000, `${traffic.largest} characters`);
  });

  for (const theme of ["dark", "light", "hc", "hc-light"] as const) {
    it(`has no serious finding of axe, ${theme}`, async () => {
      const page = await open(theme);
      const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
      const findings = async (): Promise<unknown> => {
        await page.addScriptTag({ content: axe });
        return page.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: {
              run(): Promise<{
                violations: { id: string; impact: string; nodes: { html: string; any: { message: string }[] }[] }[];
              }>;
            };
          };
          return (await axe.run()).violations
            .filter(({ impact }) => ["serious", "critical"].includes(impact))
            .map(({ id, nodes }) => [
              id,
              nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`),
            ]);
        });
      };
      assert.deepEqual(await findings(), []);
      await page.screenshot({ path: path.join(screenshots, `heatmap-${theme}.png`) });
      await showState(page, view, other);
      await page.locator(".compare dd").first().waitFor();
      assert.deepEqual(await findings(), []);
      await page.screenshot({ path: path.join(screenshots, `heatmap-compare-${theme}.png`) });
    });
  }

  for (const [name, viewport, scale] of [
    ["320 pixels", { width: 320, height: 700 }, 1],
    ["200 % zoom", { width: 600, height: 400 }, 2],
  ] as const) {
    it(`runs out at no side at ${name}`, async () => {
      const page = await open("dark", viewport, scale);
      const wide = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      assert.equal(await wide(), true);
      assert.equal(await page.getByRole("grid").isVisible(), true);
      await page.screenshot({ path: path.join(screenshots, `heatmap-${viewport.width}.png`), fullPage: true });
      await showState(page, view, other);
      await page.locator(".badge-b").waitFor();
      assert.equal(await wide(), true);
    });
  }
});
