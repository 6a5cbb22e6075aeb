import { build } from "esbuild";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.join(import.meta.dirname, "../../..");
// Inside the repository: node-llama-cpp is not bundled and has to be found from there.
export const bundle = path.join(root, "dist-test", "cli", "cli.mjs");

export const demo = path.join(root, "test/fixtures/demo");

/** Bundles the command line and the heatmap of its pages as esbuild.js does; once per test file. */
export async function bundleCli(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { heatmap: "src/webview/heatmap/main.ts" },
    outdir: path.join(path.dirname(bundle), "webview"),
    bundle: true,
    platform: "browser",
    format: "iife",
    logLevel: "silent",
  });
  await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/main.ts"],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    external: ["node-llama-cpp"],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "silent",
  });
}

/** A folder that goes away with the suite that asks for it. */
export function scratchFolder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "longsight-cli-"));
  after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Each line of standard output, parsed; only for runs with --json. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called with each piece of output; may send signals. */
  readonly onOutput?: (text: string, process: { readonly signal: (name: NodeJS.Signals) => void }) => void;
  /** Closes standard output at once, as `| head -0` does. */
  readonly closeOutput?: boolean;
}

/** Runs the command line in a process of its own, without the models and settings of the person who runs the tests. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { LONGSIGHT_MODELS_DIR: _models, HF_ENDPOINT: _hub, MODEL_ENDPOINT: _other, ...inherited } = process.env;
  const child = spawn(process.execPath, [bundle, ...args], {
    env: { ...inherited, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const tell = (text: string): void => options.onOutput?.(text, { signal: (name) => child.kill(name) });
  if (options.closeOutput === true) child.stdout.destroy();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    tell(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    tell(text);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      const lines = args.includes("--json") ? stdout.split("\n").filter((line) => line !== "") : [];
      resolve({ code, stdout, stderr, events: lines.map((line) => JSON.parse(line) as CliResult["events"][number]) });
    });
  });
}
