// npm start: sets up whatever is missing and opens a workbench with Longsight and a small workspace to ask about.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { installExtension, quietSettings, startCodeServer } from "./codeServer.mjs";
import { demo } from "./paths.mjs";
import { setUp } from "./setup.mjs";
import { isInterrupted, main, onInterrupt, run, SetupError, step } from "./steps.mjs";
import { isRoot } from "./system.mjs";
import { installOnce, workbenchHome } from "./workbenchHome.mjs";

const USAGE = `usage: npm start -- [options]
  --no-open       print the address of a workbench in the browser, and serve it until Ctrl-C
  --port N        its port (default: any free one)
  --folder DIR    the folder to open (default: the demo workspace)
  --model ID      a model of the catalogue, or the path of a GGUF file (default: qwen2.5-coder-0.5b-instruct)
  --browser       the workbench in the browser even where there is a desktop one`;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        "no-open": { type: "boolean", default: false },
        port: { type: "string" },
        folder: { type: "string", default: demo },
        model: { type: "string", default: "qwen2.5-coder-0.5b-instruct" },
        browser: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const folder = path.resolve(process.env.INIT_CWD ?? ".", values.folder);
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
      throw new Error(`--folder ${folder}: no such folder`);
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65536))
      throw new Error(`--port ${values.port}: 1 to 65535`);
    return { ...values, open: !values["no-open"], folder, port };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

/** The desktop's `code`, where a window can appear; in a terminal inside VS Code's remote it would mean the outer window. */
function desktopCode() {
  const hasDisplay = process.platform === "darwin" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!hasDisplay || process.env.VSCODE_IPC_HOOK_CLI) return null;
  return spawnSync("code", ["--version"], { stdio: "ignore" }).status === 0 ? "code" : null;
}

async function openDesktop(code, vsix, folder, settings) {
  const home = workbenchHome("desktop");
  const data = path.join(home, "data");
  mkdirSync(path.join(data, "User"), { recursive: true });
  writeFileSync(path.join(data, "User/settings.json"), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  const dirs = [
    "--user-data-dir",
    data,
    "--extensions-dir",
    path.join(home, "extensions"),
    ...(isRoot() ? ["--no-sandbox"] : []),
  ];
  await installOnce(home, vsix, () => run(code, [...dirs, "--install-extension", vsix, "--force"]));
  await run(code, [...dirs, "--disable-workspace-trust", "--new-window", folder]);
  console.log(`\nVisual Studio Code is open on ${folder}, with user data of its own in ${home}.`);
}

function openInBrowser(url) {
  const opener = process.platform === "darwin" ? "open" : "xdg-open";
  // Without a browser the printed address is the way.
  spawn(opener, [url], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}

async function serve(vsix, { folder, port, open }, settings) {
  const dir = workbenchHome("browser");
  let server;
  await step("workbench", async () => {
    const installed = await installOnce(dir, vsix, () => installExtension(dir, vsix));
    server = await startCodeServer({ dir, port, settings });
    return installed ? "extension installed" : "extension up to date";
  });
  const url = server.open(folder);
  console.log(`\nLongsight is at ${url}\nCtrl-C ends it.`);
  if (open) openInBrowser(url);
  await new Promise((resolve) => server.child.once("exit", resolve));
  if (isInterrupted()) return 130;
  throw new SetupError(`The workbench ended by itself.\n${server.log().split("\n").slice(-20).join("\n")}`);
}

const options = readOptions();
if (options.help) {
  console.log(USAGE);
} else {
  onInterrupt();
  await main(async () => {
    const file = path.resolve(process.env.INIT_CWD ?? ".", options.model);
    const isFile = existsSync(file);
    const code = options.open && !options.browser ? desktopCode() : null;
    const models = isFile ? [] : [options.model];
    const made = await setUp({ native: true, models, vsix: true, codeServer: code === null });
    const model = isFile ? file : made.models[options.model];
    const settings = { "longsight.model": model, "longsight.reading.inBackground": "always" };
    if (code === null) return serve(made.vsix, options, settings);
    await openDesktop(code, made.vsix, options.folder, settings);
    return 0;
  });
}
