// Bundles the four runtimes. `--production` minifies and leaves out source maps; `--watch` rebuilds on change.
const esbuild = require("esbuild");
const { existsSync } = require("node:fs");

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");

/** @type {import("esbuild").BuildOptions} */
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  logLevel: "warning",
  target: "es2022",
  legalComments: "linked",
};

// node-llama-cpp stays outside: it finds its native files relative to its own package and tests them in a child process.
const nodeModule = {
  ...common,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["node-llama-cpp"],
  outExtension: { ".js": ".mjs" },
  banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
};

/** @type {import("esbuild").BuildOptions[]} */
const builds = [
  {
    ...common,
    platform: "node",
    format: "cjs",
    target: "node20",
    entryPoints: { extension: "src/extension/main.ts" },
    external: ["vscode"],
    outdir: "dist",
  },
  { ...nodeModule, entryPoints: { engine: "src/engine/main.ts" }, outdir: "dist" },
  { ...nodeModule, entryPoints: { cli: "src/cli/main.ts" }, outdir: "dist" },
  {
    ...common,
    platform: "browser",
    format: "iife",
    entryPoints: { ask: "src/webview/ask/main.ts", heatmap: "src/webview/heatmap/main.ts", plan: "src/webview/plan/main.ts" },
    outdir: "dist/webview",
    loader: { ".ttf": "file" },
  },
];

async function main() {
  const present = builds.filter((build) => Object.values(build.entryPoints).every((entry) => existsSync(entry)));
  if (!watch) {
    await Promise.all(present.map((build) => esbuild.build(build)));
    return;
  }
  for (const build of present) await (await esbuild.context(build)).watch();
}

main().catch(() => process.exit(1));
