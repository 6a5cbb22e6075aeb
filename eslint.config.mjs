// Type-aware lint, and the import arrows of docs/architecture.md.
import js from "@eslint/js";
import boundaries from "eslint-plugin-boundaries";
import globals from "globals";
import tseslint from "typescript-eslint";

/** Stages of the engine in the order in which values flow; one imports only the types of those before it. */
const stages = ["workspace", "symbols", "context", "model", "session", "answer", "trace", "conversations"];
const stage = (name) => `engine-${name}`;

const elements = [
  { type: "shared", pattern: "src/shared" },
  { type: "extension", pattern: "src/extension" },
  { type: "webview", pattern: "src/webview" },
  { type: "cli", pattern: "src/cli" },
  ...stages.map((name) => ({ type: stage(name), pattern: `src/engine/${name}` })),
  { type: "engine-bench", pattern: "src/engine/bench" },
  { type: "engine", pattern: "src/engine" },
];
/** Files that every stage may use; they know none. */
const files = [{ category: "engine-base", pattern: "src/engine/{log,disk,progress,native*}.ts" }];
const base = { file: { categories: "engine-base" } };

const arrow = (from, ...to) => ({ from: { element: { type: from } }, allow: { to: { element: { type: to } } } });
const typeArrow = (from, ...to) => ({
  from: { element: { type: from } },
  allow: { to: { element: { type: to } }, dependency: { kind: "type" } },
});

const arrows = [
  arrow("extension", "shared"),
  arrow("webview", "shared"),
  arrow("cli", "shared", "engine", "engine-bench", ...stages.map(stage)),
  arrow("engine", "shared", "engine-bench", ...stages.map(stage)),
  arrow("engine-bench", "shared", ...stages.map(stage)),
  ...[...stages.map(stage), "engine-bench"].map((name) => ({ from: { element: { type: name } }, allow: { to: base } })),
  ...stages.map((name) => arrow(stage(name), "shared")),
  ...stages.map((name, i) => typeArrow(stage(name), ...stages.slice(0, i).map(stage))),
  { from: base, disallow: { to: { element: { type: stages.map(stage) } } } },
];

/** Packages with one importer each. */
const single = {
  vscode: ["vscode", "vscode-languageclient", "vscode-languageclient/*"],
  model: ["node-llama-cpp"],
  node: ["node:*"],
};
const forbid = (...groups) => ({
  "no-restricted-imports": [
    "error",
    { patterns: groups.map((group) => ({ group, message: "See the import arrows in docs/architecture.md." })) },
  ],
});

export default tseslint.config(
  { ignores: ["dist/", "dist-test/", "artifacts/", "native/build/", "test/fixtures/", "node_modules/"] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" }, rules: { "max-lines": ["error", 350] } },
  {
    files: ["src/**/*.ts", "test/**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { boundaries },
    languageOptions: {
      parserOptions: {
        project: ["shared", "node", "extension", "webview", "test"].map((name) => `tsconfig.${name}.json`),
        tsconfigRootDir: import.meta.dirname,
      },
    },
    settings: {
      "boundaries/elements": elements,
      "boundaries/files": files,
      "boundaries/include": ["src/**/*.ts"],
      "boundaries/legacy-templates": false,
      "import/resolver": { node: { extensions: [".ts"] } },
    },
    rules: {
      "boundaries/dependencies": ["error", { default: "disallow", policies: arrows }],
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: "error",
      "no-console": "error",
      // TypeScript knows which names exist.
      "no-undef": "off",
    },
  },
  { files: ["src/shared/**/*.ts", "src/webview/**/*.ts"], rules: forbid(single.vscode, single.model, single.node) },
  { files: ["src/extension/**/*.ts"], rules: forbid(single.model) },
  { files: ["src/engine/**/*.ts", "src/cli/**/*.ts"], rules: forbid(single.vscode, single.model) },
  { files: ["src/engine/model/**/*.ts"], rules: forbid(single.vscode) },
  {
    files: ["test/**/*.ts"],
    rules: {
      // Tests print what they measured and why they are skipped.
      "no-console": "off",
      // Mocha's hooks and suites are written as functions that use `this`.
      "prefer-arrow-callback": "off",
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { ...globals.node, document: "readonly" } },
  },
  {
    files: ["*.js", "**/*.cjs", "test/integration/runner/*.js"],
    languageOptions: { sourceType: "commonjs", globals: globals.node },
  },
);
