/**
 * Ignore rules as git applies them: the deepest file decides first, the last matching line of a file decides within it.
 * `.longsightignore` stands above every `.gitignore`, so that its `!` re-includes what git hides.
 */
import ignore, { type Ignore } from "ignore";

/** Names of the files that hold rules. */
export const GIT_IGNORE = ".gitignore";
export const OWN_IGNORE = ".longsightignore";

/** What one file of rules says about a path. */
type Verdict = "ignored" | "included" | null;

const IGNORE_CASE = process.platform === "win32" || process.platform === "darwin";

/** Rules of one file, for paths relative to the folder that it stands in. */
export class RuleFile {
  /** As shown in reasons, relative to the root. */
  readonly label: string;
  readonly #rules: Ignore;
  readonly #toRelative: (path: string) => string | null;
  /** Leading literal folders of the `!` patterns that name a place. */
  readonly #reincluded: readonly (readonly string[])[];

  /**
   * @param text content of the file
   * @param toRelative turns a path relative to the root into one relative to this file's folder; null when outside
   */
  constructor(label: string, text: string, toRelative: (path: string) => string | null) {
    this.label = label;
    this.#rules = ignore({ ignoreCase: IGNORE_CASE }).add(text);
    this.#toRelative = toRelative;
    this.#reincluded = text.split(/\r?\n/).flatMap(literalFolders);
  }

  /** @param path relative to the root; a folder ends with `/` */
  verdict(path: string): Verdict {
    const relative = this.#toRelative(path);
    if (relative === null || relative === "") return null;
    const { ignored, unignored } = this.#rules.test(relative);
    if (!ignored) return unignored ? "included" : null;
    // The walk only comes here when a stronger file re-included the folder: its exclusion by this file is overruled.
    const parent = relative.replace(/[^/]+\/?$/, "");
    return parent !== "" && this.#rules.test(parent).ignored ? null : "ignored";
  }

  /** True when a `!` pattern names something inside this folder. */
  reincludesInside(folder: string): boolean {
    const relative = this.#toRelative(folder);
    if (relative === null) return false;
    const parts = relative.split("/").filter((part) => part !== "");
    return this.#reincluded.some((literal) =>
      literal.slice(0, parts.length).every((part, index) => part === parts[index]),
    );
  }
}

/** Literal folders at the start of a `!a/b/*.c` line; nothing for lines that could match anywhere. */
function literalFolders(line: string): string[][] {
  if (!line.startsWith("!")) return [];
  const parts = line.slice(1).trim().replace(/^\//, "").split("/");
  if (parts.length < 2) return [];
  const glob = parts.findIndex((part) => part === "" || /[*?[\\]/.test(part));
  const literal = glob < 0 ? parts : parts.slice(0, glob);
  return literal.length > 0 ? [literal] : [];
}

/** Why a path is left out, or that a rule wants it in. */
export interface Decision {
  readonly kind: "ignored" | "included" | "undecided";
  /** Short phrase; empty unless ignored. */
  readonly reason: string;
}

const UNDECIDED: Decision = { kind: "undecided", reason: "" };
const INCLUDED: Decision = { kind: "included", reason: "" };

/** The rules in force in one folder: an immutable chain that grows on the way down. */
export class IgnoreScope {
  /** Strongest first. */
  readonly #own: readonly RuleFile[];
  readonly #git: readonly RuleFile[];

  constructor(own: readonly RuleFile[] = [], git: readonly RuleFile[] = []) {
    this.#own = own;
    this.#git = git;
  }

  /** The scope inside a folder that brings rules of its own. */
  enter(own: RuleFile | null, git: RuleFile | null): IgnoreScope {
    if (own === null && git === null) return this;
    return new IgnoreScope(own ? [own, ...this.#own] : this.#own, git ? [git, ...this.#git] : this.#git);
  }

  /** The scope inside a repository that lies in another one: git lets only its own rules hold there. */
  enterRepository(git: readonly RuleFile[]): IgnoreScope {
    return new IgnoreScope(this.#own, git);
  }

  /** @param path relative to the root; a folder ends with `/` */
  decide(path: string): Decision {
    const own = firstVerdict(this.#own, path);
    if (own !== null) return own;
    // A `!` of git only takes back git's own rules: the defaults still apply, so it decides nothing here.
    const git = firstVerdict(this.#git, path);
    return git?.kind === "ignored" ? git : UNDECIDED;
  }

  /** True when `.longsightignore` re-includes something inside a folder that is otherwise left out. */
  reincludesInside(folder: string): boolean {
    return this.#own.some((file) => file.reincludesInside(folder));
  }
}

function firstVerdict(files: readonly RuleFile[], path: string): Decision | null {
  for (const file of files) {
    const verdict = file.verdict(path);
    if (verdict === "included") return INCLUDED;
    if (verdict === "ignored") return { kind: "ignored", reason: `ignored by ${file.label}` };
  }
  return null;
}
