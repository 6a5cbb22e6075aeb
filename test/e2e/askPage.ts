/** The Ask view's page in a browser, with the messages of its host in the hands of a test. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { AskView, type AskViewState, type ConversationTurn } from "../../src/shared/views";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A message between page and host, as vscode-messenger writes it. */
interface Message {
  readonly id?: string;
  readonly method: string;
  readonly params: unknown;
}

export const readyState: AskViewState = {
  workspace: "berthline",
  trusted: true,
  status: {
    state: "ready",
    model: "Qwen2.5-Coder 7B",
    backend: "cpu",
    progress: null,
    context: {
      files: 158,
      totalFiles: 460,
      tokens: 188_064,
      readTokens: 188_064,
      budget: 196_608,
      asOf: "2026-01-02T14:02:31Z",
    },
    error: null,
  },
  models: [],
  turns: [],
  conversation: null,
  restoring: false,
  suggestions: [],
  draft: null,
};

const citation = { path: "a.go", uri: "file:///w/a.go", startLine: 2, endLine: 2, origin: "written" } as const;

/** A turn whose text begins with a citation, `a.go:2`. */
export function cited(text: string, change: Partial<ConversationTurn> = {}): ConversationTurn {
  return turn({ text, citations: [{ ...citation, mention: [0, 6] }], ...change });
}

/** A turn that is done, with `change`. */
export function turn(change: Partial<ConversationTurn>): ConversationTurn {
  return {
    ...{ id: "t0", question: "What is a hold?", about: null, selection: null, form: "ask", mentions: [] },
    ...{ state: "done", text: "", tokens: 0, citations: [], asOf: null, context: null, droppedTurns: 0 },
    ...{ unknownNames: [], timings: null, trace: null, stopReason: "end", lookedAt: [], attention: "esa" },
    ...{ error: null, changed: [] },
    ...change,
  };
}

/** Script and style of the view, as esbuild.js bundles them. */
async function bundle(): Promise<{ readonly script: string; readonly css: string }> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { ask: "src/webview/ask/main.ts" },
    bundle: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    outdir: "dist/webview",
    loader: { ".ttf": "dataurl" },
    write: false,
  });
  const text = (extension: string): string => outputFiles.find((file) => file.path.endsWith(extension))?.text ?? "";
  return { script: text(".js"), css: text(".css") };
}
let bundled: ReturnType<typeof bundle> | undefined;

/** What stands in for VS Code in the page: messages are collected, and its state lives as long as the page's session. */
const standIn = `
  window.sent = [];
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => window.sent.push(message),
    getState: () => JSON.parse(sessionStorage.getItem("state") ?? "null"),
    setState: (state) => sessionStorage.setItem("state", JSON.stringify(state)),
  });
`;

export class AskPage {
  private constructor(
    readonly page: Page,
    /** What the console complained of, refused content and errors included. */
    readonly complaints: string[],
  ) {}

  /** Opens the page under the content security policy that the extension gives it. */
  static async open(browser: Browser, options: BrowserContextOptions = {}, theme = ""): Promise<AskPage> {
    const { script, css } = await (bundled ??= bundle());
    const context = await browser.newContext({ viewport: { width: 320, height: 720 }, ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.addInitScript({ content: standIn });
    const policy = "default-src 'none'; script-src 'nonce-x'; style-src 'self'; font-src data:; base-uri 'none'";
    await page.route("http://ask.test/**", (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/ask.css") return route.fulfill({ contentType: "text/css", body: css + theme });
      if (pathname === "/ask.js") return route.fulfill({ contentType: "text/javascript", body: script });
      if (pathname !== "/") return route.abort();
      return route.fulfill({
        contentType: "text/html",
        body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Longsight</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" id="vscode-codicon-stylesheet" href="/ask.css"></head>
<body class="vscode-dark"><div id="root"></div><script nonce="x" src="/ask.js"></script></body></html>`,
      });
    });
    await page.goto("http://ask.test/");
    return new AskPage(page, complaints);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Gives the page a state, as the host does. */
  async show(change: Partial<AskViewState>): Promise<void> {
    await this.notify(AskView.state.method, { ...readyState, ...change });
  }

  async notify(method: string, params: unknown): Promise<void> {
    await this.post({ method, receiver: { type: "webview", webviewId: "ask" }, params });
  }

  /** All that the page has sent by `method`. */
  async sent(method: string): Promise<Message[]> {
    const all = await this.page.evaluate(() => (window as unknown as { sent: unknown[] }).sent);
    return (all as Message[]).filter((message) => message.method === method);
  }

  /** Waits for the next request that was not answered yet, and answers it. */
  async reply(method: string, result: unknown): Promise<unknown> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const request = (await this.sent(method)).find(({ id }) => id !== undefined && !this.replied.has(id));
      if (request?.id !== undefined) {
        this.replied.add(request.id);
        await this.post({ id: request.id, receiver: { type: "webview", webviewId: "ask" }, result });
        return request.params;
      }
      if (Date.now() > deadline) throw new Error(`The page did not ask for ${method}`);
      await this.page.waitForTimeout(20);
    }
  }

  private readonly replied = new Set<string>();

  private async post(message: unknown): Promise<void> {
    await this.page.evaluate((data) => window.postMessage(data, "*"), message);
  }
}

export function openBrowser(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: ["--disable-gpu"] });
}
