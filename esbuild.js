// Bundles the four runtimes, and with --tests what runs inside the extension host under test.
const esbuild = require("esbuild");
const { copyFileSync, mkdirSync, readdirSync, writeFileSync } = require("node:fs");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { values: options } = parseArgs({
  options: {
    /** Minified, without source maps. */
    production: { type: "boolean", default: false },
    /** Rebuilds on every change, until interrupted. */
    watch: { type: "boolean", default: false },
    /** The integration tests, into dist-test, instead of the product. */
    tests: { type: "boolean", default: false },
    outdir: { type: "string", default: "dist" },
    /** Writes the sorted list of all bundled source files to this file. */
    inputs: { type: "string" },
  },
});

/** @type {import("esbuild").BuildOptions} */
const common = {
  bundle: true,
  minify: options.production,
  sourcemap: options.production ? false : "linked",
  logLevel: "warning",
  target: "es2022",
  legalComments: "none", // THIRD_PARTY_NOTICES.md carries the licences
  metafile: true,
};

// node-llama-cpp stays outside: it finds its native files relative to its own package and tests them in a child process.
const nodeModule = {
  ...common,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["node-llama-cpp"],
  outExtension: { ".js": ".mjs" },
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

const hostModule = { ...common, platform: "node", format: "cjs", target: "node20" };

/** @type {import("esbuild").BuildOptions[]} */
const product = [
  {
    ...hostModule,
    entryPoints: { extension: "src/extension/main.ts" },
    external: ["vscode"],
    outdir: options.outdir,
  },
  { ...nodeModule, entryPoints: { engine: "src/engine/main.ts" }, outdir: options.outdir },
  { ...nodeModule, entryPoints: { cli: "src/cli/main.ts" }, outdir: options.outdir },
  {
    ...common,
    platform: "browser",
    format: "iife",
    entryPoints: {
      ask: "src/webview/ask/main.ts",
      heatmap: "src/webview/heatmap/main.ts",
      plan: "src/webview/plan/main.ts",
    },
    outdir: path.join(options.outdir, "webview"),
    loader: { ".ttf": "file" },
  },
];

/** The integration tests: mocha comes from node_modules, `vscode` from the host. */
const integrationTests = () => [
  {
    ...hostModule,
    entryPoints: readdirSync("test/integration")
      .filter((name) => name === "index.ts" || name.endsWith(".test.ts"))
      .map((name) => `test/integration/${name}`),
    external: ["vscode", "mocha"],
    outdir: "dist-test/integration",
  },
];

/** Nothing is declared in a regular expression. */
const UNUSED_GRAMMAR = "tree-sitter-regex.wasm";

/** The parser and its grammars, which the bundles load from beside them. */
function copyGrammars() {
  const folder = path.join(options.outdir, "grammars");
  const grammars = path.join(path.dirname(require.resolve("@vscode/tree-sitter-wasm/package.json")), "wasm");
  const names = readdirSync(grammars).filter((name) => /^tree-sitter-.*\.wasm$/.test(name) && name !== UNUSED_GRAMMAR);
  mkdirSync(folder, { recursive: true });
  for (const name of names) copyFileSync(path.join(grammars, name), path.join(folder, name));
  copyFileSync(require.resolve("web-tree-sitter/web-tree-sitter.wasm"), path.join(folder, "web-tree-sitter.wasm"));
}

async function main() {
  if (!options.tests) copyGrammars();
  const builds = options.tests ? integrationTests() : product;
  if (options.watch) {
    for (const build of builds) await (await esbuild.context(build)).watch();
    return;
  }
  const results = await Promise.all(builds.map((build) => esbuild.build(build)));
  if (options.inputs === undefined) return;
  const inputs = new Set(results.flatMap((result) => Object.keys(result.metafile.inputs)));
  mkdirSync(path.dirname(options.inputs), { recursive: true });
  writeFileSync(options.inputs, `${[...inputs].sort().join("\n")}\n`);
}

main().catch((error) => {
  // esbuild has printed its own errors
  if (!("errors" in error)) console.error(error);
  process.exit(1);
});
