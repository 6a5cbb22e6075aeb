/** Questions about a repository whose answers are known because they were planted, or follow from its text. */
import { findDefinitions } from "../../src/engine/answer/definitions";
import { createReader } from "../../src/engine/workspace/reader";
import { folderRoot, takeSnapshot } from "../../src/engine/workspace/walk";
import type { QuestionForm } from "../../src/shared/protocol";

export interface Truth {
  readonly path: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
}

export interface Case {
  readonly kind: "fact" | "definition" | "unanswerable";
  readonly form: QuestionForm;
  readonly question: string;
  /** Texts of which a right answer holds one; none for what cannot be answered. */
  readonly says: readonly string[];
  readonly truth: Truth | null;
}

const COMMENT: Readonly<Record<string, string>> = {
  python: "#",
  shellscript: "#",
  ruby: "#",
  yaml: "#",
  lua: "--",
  sql: "--",
};
const CODE =
  /^(?:typescript|javascript|typescriptreact|javascriptreact|python|go|rust|java|csharp|cpp|c|ruby|lua|php)$/;
const MODULES =
  "amber basalt cobalt dahlia ember fjord garnet heron indigo jasper kestrel lagoon marble nectar opal".split(" ");
const FACTS = ["release key", "retry budget", "port", "audit number", "build seal"] as const;
const MADE_UP = ["zorblatPlanner", "quuxHarvester", "fetchMoonPhase", "TidalLedger", "unspoolRibbon", "GlyphBroker"];
const DEFINITION_NAME = /^[A-Za-z_]\w{6,}$/;

/**
 * A third of the questions of each kind, in turn. Facts and definitions are spread evenly over the files in the order of paths.
 * @returns the questions, and the files that change because facts are planted in them
 */
export async function makeCases(
  folder: string,
  count: number,
): Promise<{ readonly cases: Case[]; readonly texts: ReadonlyMap<string, string> }> {
  const snapshot = await takeSnapshot({ roots: [folderRoot(folder)], exclude: [], maxFileBytes: 262_144 });
  const read = createReader();
  const files: { path: string; language: string; text: string }[] = [];
  for (const document of snapshot.documents) {
    if (!CODE.test(document.languageId)) continue;
    files.push({ path: document.path, language: document.languageId, text: await read(document) });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const each = Math.ceil(count / 3);
  const texts = new Map<string, string>();
  const facts = Array.from({ length: each }, (_, index) => {
    const file = evenly(files, index, each);
    const name = MODULES[index % MODULES.length] ?? "";
    const fact = FACTS[index % FACTS.length] ?? "";
    const value = String(10_000 + ((index * 7919 + 4177) % 90_000));
    const lines = (texts.get(file.path) ?? file.text).split("\n");
    const at = plantAt(lines, (index * 0.37 + 0.2) % 1);
    lines.splice(at, 0, `${COMMENT[file.language] ?? "//"} The ${fact} of module ${name} is ${value}.`);
    texts.set(file.path, lines.join("\n"));
    return { file, name, fact, value };
  });
  const now = files.map((file) => ({ ...file, text: texts.get(file.path) ?? file.text }));
  const cases: Case[] = facts.map(({ file, name, fact, value }) => {
    const line =
      (texts.get(file.path) ?? "").split("\n").findIndex((text) => text.endsWith(` ${name} is ${value}.`)) + 1;
    return {
      kind: "fact",
      form: "ask",
      question: `What is the ${fact} of module ${name}?`,
      says: [value],
      truth: { path: file.path, startLine: line, endLine: line },
    };
  });
  const definitions = uniqueDefinitions(now);
  const wanted = Math.min(each, definitions.length);
  for (let index = 0; index < wanted; index++) {
    const { path, name, startLine, endLine } = evenly(definitions, index, wanted);
    cases.push({
      kind: "definition",
      form: "whereIs",
      question: `Where is \`${name}\` defined?`,
      says: [path, path.slice(path.lastIndexOf("/") + 1)],
      truth: { path, startLine, endLine },
    });
  }
  for (let index = 0; index < Math.min(each, MADE_UP.length); index++) {
    const question = `Where is \`${MADE_UP[index] ?? ""}\` defined?`;
    cases.push({ kind: "unanswerable", form: "whereIs", question, says: [], truth: null });
  }
  const ranked = cases.map((one, index) => {
    const ofKind = cases.filter(({ kind }) => kind === one.kind);
    return { one, rank: ofKind.indexOf(one), index };
  });
  ranked.sort((a, b) => a.rank - b.rank || a.index - b.index);
  return { cases: ranked.map(({ one }) => one), texts };
}

/** Names that one place defines. */
function uniqueDefinitions(files: readonly { path: string; text: string }[]): (Truth & { readonly name: string })[] {
  const all = files.flatMap(({ path, text }) => findDefinitions(text).map((definition) => ({ ...definition, path })));
  const counts = new Map<string, number>();
  for (const { name } of all) counts.set(name, (counts.get(name) ?? 0) + 1);
  return all.filter(({ name }) => counts.get(name) === 1 && DEFINITION_NAME.test(name));
}

/** A line near a share of the file before which a comment changes nothing: one at the left margin behind an empty line. */
function plantAt(lines: readonly string[], share: number): number {
  const wanted = Math.floor(lines.length * share);
  for (let at = wanted; at > 0; at--) if (/^\w/.test(lines[at] ?? "") && lines[at - 1] === "") return at;
  return 0;
}

function evenly<T>(all: readonly T[], index: number, count: number): T {
  const one = all[Math.floor(((index + 0.5) * all.length) / count)];
  if (one === undefined) throw new Error("the folder has no source code");
  return one;
}
