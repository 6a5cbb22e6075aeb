/** What a file is for, by its path: decides what goes in first when not all fits, and where it stands in the context. */
import type { Document } from "../workspace/types";

export type FileKind = "manifest" | "source" | "documentation" | "test" | "configuration" | "data";

const MANIFEST =
  /(?:^|\/)(?:package\.json|Cargo\.toml|pyproject\.toml|setup\.(?:py|cfg)|go\.(?:mod|work)|pom\.xml|build\.gradle(?:\.kts)?|settings\.gradle(?:\.kts)?|composer\.json|Gemfile|[^/]+\.gemspec|mix\.exs|pubspec\.yaml|Package\.swift|CMakeLists\.txt|meson\.build|Makefile|deno\.jsonc?|requirements\.txt|[^/]+\.(?:cs|fs|vb)proj|[^/]+\.sln|[^/]+\.cabal|project\.clj|build\.sbt|dune-project|BUILD(?:\.bazel)?|MODULE\.bazel)$/;
const READ_ME = /(?:^|\/)(?:README|ARCHITECTURE|OVERVIEW|CONTRIBUTING|DESIGN)(?:\.\w+)?$/i;
const TEST =
  /(?:^|\/)(?:tests?|__tests__|specs?|testdata|fixtures|__snapshots__|e2e|testing)\/|(?:^|\/)(?:test_[^/]+|conftest)\.py$|[._-](?:test|spec|tests)\.\w+$|Tests?\.(?:java|kt|cs|swift)$/;
const DOCUMENTATION_LANGUAGES: ReadonlySet<string> = new Set(["markdown", "restructuredtext", "latex"]);
const CONFIGURATION_LANGUAGES: ReadonlySet<string> = new Set([
  "json",
  "jsonc",
  "yaml",
  "toml",
  "ini",
  "xml",
  "terraform",
]);
const CONFIGURATION = /(?:^|\/)\.[^/]+$|\.(?:conf|cfg|properties|env|editorconfig)$/;
const PROSE_OF_RECORD =
  /(?:^|\/)(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS|PATENTS|CHANGELOG|CHANGES|HISTORY|THIRD[-_]PARTY)[^/]*$/i;

export function kindOf(document: Document): FileKind {
  const { path, languageId } = document;
  if (TEST.test(path)) return "test";
  if (MANIFEST.test(path) || READ_ME.test(path)) {
    if (isShallow(path)) return "manifest";
    return DOCUMENTATION_LANGUAGES.has(languageId) ? "documentation" : "configuration";
  }
  if (PROSE_OF_RECORD.test(path)) return "data";
  if (DOCUMENTATION_LANGUAGES.has(languageId)) return "documentation";
  if (CONFIGURATION_LANGUAGES.has(languageId) || CONFIGURATION.test(path)) return "configuration";
  return languageId === "plaintext" || languageId === "diff" ? "data" : "source";
}

export function isReadMe(document: Document): boolean {
  return READ_ME.test(document.path);
}

/** Manifests and documentation change seldom: they stand first, so that the tokens before an edit stay the same. */
export function isStable(kind: FileKind): boolean {
  return kind === "manifest" || kind === "documentation";
}

/** Monorepos have a manifest per package: those further down must not crowd out the source. */
function isShallow(path: string): boolean {
  return path.split("/").length <= 2;
}
