/** The heatmap panel in a plain browser: its own bundle, VS Code's interface, and the engine's answers. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type Page } from "playwright-core";
import { answerCall, type HeatmapCall } from "./heatmapCalls";
import type { TraceView } from "../../src/engine/trace/view";
import { TRACE_FILES } from "../../src/shared/trace";
import type { HeatmapViewState } from "../../src/shared/views";

const root = fileURLToPath(new URL("../..", import.meta.url));

export type PanelTheme = "dark" | "light" | "hc" | "hc-light";

export function launchBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: ["--disable-gpu"] });
}

/** Script and style of the panel, as esbuild.js bundles them. */
export async function bundleHeatmap(): Promise<{ readonly script: string; readonly css: string }> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { heatmap: "src/webview/heatmap/main.ts" },
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    outdir: "dist/webview",
    write: false,
  });
  const text = (extension: string): string => outputFiles.find((file) => file.path.endsWith(extension))?.text ?? "";
  return { script: text(".js"), css: text(".css") };
}

/** What a test sees of the panel's messages. */
export interface PanelTraffic {
  /** Notifications of the panel, in their order. */
  readonly sent: { readonly method: string; readonly params: unknown }[];
  /** After each answer. */
  onAnswer(method: string, characters: number, milliseconds: number): void;
}

/** Opens the panel's page; nothing is shown until `showState`. */
export async function openPanel(
  page: Page,
  views: ReadonlyMap<string, TraceView>,
  traffic: PanelTraffic,
  theme: PanelTheme = "dark",
): Promise<void> {
  const { script, css } = await bundleHeatmap();
  await page.exposeFunction("toHost", async (text: string) => {
    const message = JSON.parse(text) as HeatmapCall;
    if (message.id === undefined) {
      traffic.sent.push(message);
      return;
    }
    const began = performance.now();
    const reply = { id: message.id, receiver: { type: "webview" } };
    // As text between engine and host, and once more between host and panel.
    const answer = await answerCall(views, message).then(
      (result) => JSON.stringify(result),
      (error: unknown) => error,
    );
    const failed = typeof answer !== "string";
    const result = failed ? {} : { result: JSON.parse(answer) as unknown };
    const response = JSON.stringify({ ...reply, ...result, ...(failed && { error: { message: String(answer) } }) });
    traffic.onAnswer(message.method, response.length, performance.now() - began);
    await page.evaluate((data) => window.postMessage(JSON.parse(data), "*"), response);
  });
  const variables = await themeVariables(theme);
  await page.setContent(`<!doctype html><html lang="en"><head><title>Attention</title><style>${css}</style></head>
    <body class="${themeClasses[theme]}"><div id="root"></div></body></html>`);
  await page.addStyleTag({ content: `html { ${variables} }` });
  await page.evaluate(`globalThis.__name = (value) => value; globalThis.acquireVsCodeApi = () => ({
    getState: () => null, setState: () => undefined,
    postMessage: (message) => { globalThis.onSend?.(message); void globalThis.toHost(JSON.stringify(message)); },
  })`);
  await page.addScriptTag({ content: script });
  await page.locator(".panel").waitFor();
}

/** Shows one answer, or two, as the extension host does. Returns the characters of the message. */
export async function showState(page: Page, view: TraceView, other: TraceView | null = null): Promise<number> {
  const summaryOf = (shown: TraceView) => shown.index.summary({}, TRACE_FILES);
  const params: HeatmapViewState = {
    kind: "trace",
    summary: summaryOf(view),
    other: other === null ? null : summaryOf(other),
    comparing: other !== null,
    error: null,
  };
  const text = JSON.stringify(params);
  await page.evaluate(
    (data) =>
      window.postMessage(
        { method: "heatmap/state", receiver: { type: "webview" }, params: JSON.parse(data) as unknown },
        "*",
      ),
    text,
  );
  return text.length;
}

const themeClasses: Readonly<Record<PanelTheme, string>> = {
  dark: "vscode-dark",
  light: "vscode-light",
  hc: "vscode-high-contrast",
  "hc-light": "vscode-high-contrast vscode-high-contrast-light",
};

/** The theme's variables as the self-contained page has them, which are those of VS Code's default themes. */
async function themeVariables(theme: PanelTheme): Promise<string> {
  const css = await readFile(`${root}/src/webview/heatmap/theme.css`, "utf8");
  const blocks = [...css.matchAll(/^body\.standalone([^{]*)\{([^}]*)\}/gm)];
  const selectors: Readonly<Record<PanelTheme, RegExp>> = {
    dark: /^\s*$|vscode-dark/,
    light: /^\s*$|vscode-light,/,
    hc: /^\s*$|vscode-high-contrast(?!-light)/,
    "hc-light": /^\s*$|vscode-high-contrast-light \{|vscode-light,|^\.vscode-high-contrast $/,
  };
  const wanted = blocks.filter(([, selector]) => selectors[theme].test(selector ?? ""));
  return wanted.map(([, , body]) => (body ?? "").replace(/color-scheme:[^;]*;/, "")).join("\n");
}
