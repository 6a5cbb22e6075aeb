/** A real workbench with the packaged extension, and what a user does in it. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Browser, FrameLocator, Page } from "playwright-core";
import { launchChromium } from "../helpers/browser.mjs";
import { startCodeServer, writeSettings } from "../helpers/codeServer.mjs";
import { artifacts, demo } from "../helpers/paths.mjs";
import { axeFindings } from "./axe";
import { findProcesses } from "../helpers/processes";

const EXTENSION = "longsight.longsight";
const SCREENSHOTS = path.join(artifacts, "screenshots");

export type Settings = Record<string, unknown>;

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`${name} is not set. Run: npm test -- --level e2e`);
  return value;
}

export class Workbench {
  private constructor(
    readonly page: Page,
    /** A copy of the demo workspace, called berthline. */
    readonly folder: string,
    private readonly home: string,
    private readonly browser: Browser,
    private readonly server: Awaited<ReturnType<typeof startCodeServer>>,
  ) {}

  /** Opens a copy of the demo workspace. The engine's data goes into a temporary folder. */
  static async open(settings: Settings = {}): Promise<Workbench> {
    const home = mkdtempSync(path.join(os.tmpdir(), "longsight-e2e-"));
    const folder = path.join(home, "berthline");
    cpSync(demo, folder, { recursive: true });
    mkdirSync(SCREENSHOTS, { recursive: true });
    const all = { ...settings, "longsight.dataDir": path.join(home, "data") };
    // Without the folder of test models: a machine on which nothing was downloaded yet.
    const server = await startCodeServer({
      dir: path.join(home, "server"),
      vsix: environment("LONGSIGHT_TEST_VSIX"),
      settings: all,
      env: { LONGSIGHT_MODELS_DIR: "" },
    });
    let browser: Browser | undefined;
    try {
      browser = await launchChromium(environment("CHROMIUM"));
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
      page.setDefaultTimeout(60_000);
      const workbench = new Workbench(page, folder, home, browser, server);
      await page.goto(server.open(folder));
      await workbench.ready();
      return workbench;
    } catch (error) {
      await browser?.close();
      await server.stop();
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends browser, workbench and engine, and removes their files. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  private async ready(): Promise<void> {
    await this.page.locator(".monaco-workbench").waitFor();
    await this.page.locator(".explorer-folders-view .monaco-list-row").first().waitFor();
  }

  /** Reloads the window while the Ask view is shown, and waits until it is back. */
  async reload(): Promise<FrameLocator> {
    await this.page.reload();
    await this.page.locator(".monaco-workbench").waitFor();
    await this.askView.getByLabel("Question", { exact: true }).waitFor();
    return this.askView;
  }

  /** Replaces the user's settings, as editing settings.json does. */
  set(settings: Settings): void {
    writeSettings(this.server.data, { ...settings, "longsight.dataDir": path.join(this.home, "data") });
  }

  async runCommand(title: string): Promise<void> {
    const input = this.page.locator(".quick-input-widget .quick-input-box input");
    await this.page.keyboard.press("F1");
    await input.waitFor({ state: "visible" });
    await input.fill(`>${title}`);
    await this.page
      .locator(".quick-input-widget .quick-input-list .monaco-list-row")
      .filter({ hasText: title })
      .first()
      .click();
  }

  /** Shows the Ask view by its icon in the Activity Bar. */
  async showAskView(): Promise<FrameLocator> {
    const icon = this.page.locator('.activitybar a.action-label[aria-label="Longsight"]');
    const view = this.page.locator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"][src*="purpose=webviewView"]`);
    if (!(await view.isVisible())) await icon.click();
    await view.waitFor();
    return this.askView;
  }

  get askView(): FrameLocator {
    return this.frame('[src*="purpose=webviewView"]');
  }

  /** The heatmap, or whichever panel of Longsight is shown. */
  get panel(): FrameLocator {
    return this.frame(':not([src*="purpose=webviewView"])');
  }

  private frame(which: string): FrameLocator {
    return this.page
      .frameLocator(`iframe.webview.ready[src*="extensionId=${EXTENSION}"]${which}`)
      .frameLocator("iframe#active-frame");
  }

  /** Process ids of this workbench's engines: one, or none. */
  engines(): number[] {
    return findProcesses(this.home, "dist/engine.mjs").map(({ pid }) => pid);
  }

  /** What axe-core calls serious or worse in a webview, colours included. */
  async axeFindings(view: FrameLocator): Promise<string[]> {
    const frame = await (await view.owner().elementHandle()).contentFrame();
    if (!frame) throw new Error("The webview has no page");
    return axeFindings(frame);
  }

  screenshot(name: string): Promise<Buffer> {
    return this.page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`) });
  }

  /** What the extension logged, read from the Output panel: this workbench keeps no log files. */
  async readLog(): Promise<string> {
    await this.runCommand("Longsight: Open Log");
    const lines = this.page.locator(".part.panel .view-lines");
    await lines.waitFor();
    return lines.innerText();
  }
}
