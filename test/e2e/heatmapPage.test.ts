import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { standalonePage } from "../../src/shared/heatmapPage";
import { traceFixture, type FixtureOptions } from "../unit/heatmap/fixture";

const root = fileURLToPath(new URL("../..", import.meta.url));
const artifacts = path.join(root, "artifacts");

/** Script and style of the panel, as esbuild.js bundles them. */
async function bundle(): Promise<{ readonly script: string; readonly css: string }> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { heatmap: "src/webview/heatmap/main.ts" },
    bundle: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    outdir: "dist/webview",
    write: false,
  });
  const text = (extension: string): string => outputFiles.find((file) => file.path.endsWith(extension))?.text ?? "";
  return { script: text(".js"), css: text(".css") };
}

describe("self-contained heatmap page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  let folder: string;
  let parts: Awaited<ReturnType<typeof bundle>>;
  let complaints: string[] = [];

  before(async () => {
    const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
    browser = await chromium.launch({
      executablePath,
      headless: true,
      chromiumSandbox: false,
      args: ["--disable-gpu"],
    });
    folder = await mkdtemp(path.join(os.tmpdir(), "longsight-heatmap-"));
    parts = await bundle();
    await mkdir(artifacts, { recursive: true });
  });

  after(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens the page of an invented trace; what the console complains about is collected. */
  async function open(fixture: FixtureOptions = {}, options: BrowserContextOptions = {}): Promise<Page> {
    const file = path.join(folder, `${randomBytes(4).toString("hex")}.html`);
    const nonce = randomBytes(18).toString("base64");
    await writeFile(file, standalonePage({ title: "Attention", data: traceFixture(fixture), ...parts, nonce }));
    const context = await browser.newContext({
      viewport: { width: 1200, height: 800 },
      colorScheme: "dark",
      ...options,
    });
    const page = await context.newPage();
    complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on(
      "request",
      (request) => request.url().startsWith("file:") || complaints.push(`request to ${request.url()}`),
    );
    await page.goto(pathToFileURL(file).href);
    await page.locator("[data-row='0']").waitFor();
    return page;
  }

  /** The map as it is painted. */
  const tiles = (page: Page): Promise<string> =>
    page.locator(".tiles canvas").evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const mapIs = (page: Page, picture: string): Promise<unknown> =>
    page.waitForFunction(
      (wanted) => document.querySelector<HTMLCanvasElement>(".tiles canvas")?.toDataURL() === wanted,
      picture,
    );
  const mapIsNot = (page: Page, picture: string): Promise<unknown> =>
    page.waitForFunction(
      (before) => document.querySelector<HTMLCanvasElement>(".tiles canvas")?.toDataURL() !== before,
      picture,
    );
  const order = (page: Page): Promise<string[]> =>
    page
      .locator("[data-row]")
      .evaluateAll((rows) => rows.slice(0, 8).map((row) => row.getAttribute("data-path") ?? ""));
  const word = (page: Page, text: string): ReturnType<Page["locator"]> =>
    page.locator(".token", { hasText: text }).first();

  afterEach(async () => {
    const open = browser.contexts();
    await Promise.all(open.map((context) => context.close()));
    assert.deepEqual(complaints, [], "the console stays silent");
  });

  it("changes the map while an answer token is hovered, and not the order of the table", async () => {
    const page = await open();
    const [map, rows] = [await tiles(page), await order(page)];
    await word(page, "retried").hover();
    await mapIsNot(page, map);
    assert.deepEqual(await order(page), rows);
    assert.match(await page.locator(".caption").innerText(), /“retried”/);
    await page.screenshot({ path: path.join(artifacts, "heatmap-hover.png") });
    await page.locator(".question").hover();
    await mapIs(page, map);
  });

  it("reorders the table and says so when a token is pinned", async () => {
    const page = await open();
    const rows = await order(page);
    await word(page, "grace").click();
    await page.waitForFunction(() => document.querySelector(".caption")?.textContent.includes("“grace”"));
    assert.notDeepEqual(await order(page), rows);
    assert.equal(await word(page, "grace").getAttribute("aria-selected"), "true");
    assert.match(
      await page.locator("[aria-live=polite]").innerText(),
      /^grace pinned\. Most selected: .+, lift [\d.]+×/,
    );
    await word(page, "grace").click();
    await page.locator(".question").hover();
    await page.waitForFunction(() => document.querySelector(".caption")?.textContent.includes("the whole answer"));
    assert.deepEqual(await order(page), rows);
  });

  it("pins a run that is dragged", async () => {
    const page = await open();
    await word(page, "outcome").hover();
    await page.mouse.down();
    await word(page, "retried").hover();
    await page.mouse.up();
    await page.waitForFunction(() => document.querySelectorAll(".token.pinned").length === 4);
  });

  it("can be used by keyboard alone", async () => {
    const page = await open();
    const focus = (): Promise<string> =>
      page.evaluate(
        () => `${document.activeElement?.getAttribute("role")} ${document.activeElement?.getAttribute("aria-label")}`,
      );
    const tabTo = async (wanted: string): Promise<void> => {
      for (let presses = 0; presses < 30; presses++) {
        if ((await focus()).startsWith(wanted)) return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`Tab never reaches ${wanted}`);
    };
    const pinned = (count: number): Promise<unknown> =>
      page.waitForFunction((wanted) => document.querySelectorAll(".token.pinned").length === wanted, count);
    await tabTo("listbox Words");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await pinned(2);
    await page.keyboard.press("Escape");
    await pinned(0);
    await page.keyboard.press("Control+ArrowRight");
    await page.keyboard.press("Space");
    await pinned(1);
    assert.equal((await page.locator(".token.pinned").innerText()).trim(), "Holds");

    await tabTo("slider Layers");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    await page.locator("[role=slider][aria-valuetext='layers 0 to 1']").waitFor();
    await page.keyboard.press("a");
    await page.locator("[role=slider][aria-valuetext='layers 0 to 27']").waitFor();
    await page.locator(".tiles[data-painted]").waitFor();

    await tabTo("treeitem");
    const before = await focus();
    await page.keyboard.press("ArrowRight");
    assert.notEqual(await focus(), before);
    for (let presses = 0; presses < 20 && !(await focus()).startsWith("treeitem internal/"); presses++)
      await page.keyboard.press(presses % 2 === 0 ? "ArrowLeft" : "ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector(".path .current")?.textContent !== "Workspace");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("0");
    await page.waitForFunction(() => document.querySelector(".path .current")?.textContent === "Workspace");

    await tabTo("grid");
    await page.keyboard.press("End");
    const last = page.locator(".row-line.focused");
    await last.waitFor();
    assert.equal(
      await last.getAttribute("aria-rowindex"),
      await page.locator("[role=grid]").getAttribute("aria-rowcount"),
    );
    await page.keyboard.type("hold");
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>(".filter input")?.value === "hold");
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[data-row] .file-name")].every((name) => name.textContent.includes("hold")),
    );
  });

  it("shows text of the trace as text", async () => {
    const page = await open();
    assert.equal(await page.locator("#root b, #root script, #root img").count(), 0);
    assert.match(await page.locator(".answer-text").innerText(), /<b>and<\/b>/);
    assert.match(await page.locator(".code-rows").innerText(), /<script>/);
  });

  it("unfolds code, chooses a file by its tile, and jumps in the strip", async () => {
    const page = await open();
    const folded = page.locator(".token.folded");
    assert.match(await folded.innerText(), /code, \d+ tokens/);
    await folded.click();
    await folded.waitFor({ state: "detached" });
    const { x: left, y: upper } = (await page.locator(".tiles").boundingBox())!;
    let chosen = "";
    for (let step = 4; chosen === ""; step += 12) {
      await page.mouse.click(left + step, upper + 40);
      const key = (await page.locator("[role=treeitem]").getAttribute("data-key")) ?? "";
      if (key.startsWith("file:")) chosen = key.slice("file:".length);
    }
    await page.waitForFunction(
      (name) => document.querySelector(".code-title strong")?.getAttribute("title") === name,
      chosen,
    );
    await page.locator("[data-path='internal/booking/hold.go']").first().click();
    await page.locator(".code-line .code-token").first().waitFor();
    const { x, y, height } = (await page.locator(".strip").boundingBox())!;
    await page.mouse.click(x + 5, y + height - 3);
    await page.waitForFunction(() => (document.querySelector(".code-rows")?.scrollTop ?? 0) > 500);
  });

  it("follows the theme", async () => {
    const page = await open();
    const lightest = (): Promise<string> => page.evaluate(() => document.body.style.getPropertyValue("--lift-6"));
    const dark = await lightest();
    await page.emulateMedia({ colorScheme: "light" });
    await page.waitForFunction((before) => document.body.style.getPropertyValue("--lift-6") !== before, dark);
    assert.match(await lightest(), /^#[0-9a-f]{6}$/);
  });

  it("moves the code below the map when it is narrow, and leaves only the table when it is very narrow", async () => {
    const page = await open({}, { viewport: { width: 800, height: 700 } });
    const top = async (selector: string): Promise<number> => (await page.locator(selector).boundingBox())?.y ?? -1;
    assert.ok((await top(".code")) > (await top(".map")));
    await page.setViewportSize({ width: 500, height: 700 });
    assert.equal(await page.locator(".map").isVisible(), false);
    assert.equal(await page.locator("[role=grid]").isVisible(), true);
    assert.equal(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      true,
      "nothing runs out at the side",
    );
  });

  it("draws a bounded number of elements for many files", async () => {
    const page = await open({ files: 3000, steps: 4, layers: 12 });
    const drawn = Number(await page.locator("[role=treeitem]").getAttribute("aria-setsize"));
    assert.ok(drawn > 100 && drawn <= 600, `${drawn} tiles`);
    const [rows, elements] = [await page.locator("[data-row]").count(), await page.locator("body *").count()];
    assert.ok(rows < 80, `${rows} rows`);
    assert.ok(elements < 6000, `${elements} elements`);
    const map = await tiles(page);
    await page.locator(".token").nth(2).hover();
    await mapIsNot(page, map);
  });
});
