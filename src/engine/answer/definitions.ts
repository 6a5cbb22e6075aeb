/** Where symbols are defined in a source text: by the look of the line, which is enough to point at it. */

export interface Definition {
  readonly name: string;
  /** 1-based, inclusive. */
  readonly startLine: number;
  readonly endLine: number;
}

const NAME = "([A-Za-z_$][\\w$]*)";
const MODIFIERS =
  "(?:(?:export|default|public|private|protected|internal|static|abstract|final|async|override|readonly|declare|pub" +
  "(?:\\([^)]*\\))?|unsafe|extern|inline|virtual|sealed|partial|open|data|suspend|const|constexpr|template\\s*<[^>]*>)\\s+)*";
const KEYWORDS =
  "(?:function\\*?|class|interface|enum(?:\\s+class)?|struct|trait|union|protocol|object|module|namespace|record|type" +
  "|typedef\\s+struct|def|fn|func|sub|macro_rules!|actor|mod|impl)";

const PATTERNS: readonly RegExp[] = [
  // function f, class C, def f, fn f, func (r *R) f
  new RegExp(`^\\s*${MODIFIERS}${KEYWORDS}\\s+(?:\\([^)]*\\)\\s*)?${NAME}`),
  // const x = …, at the left margin
  new RegExp(`^(?:export\\s+)?(?:pub(?:\\([^)]*\\))?\\s+)?(?:const|let|var|val|static)\\s+(?:mut\\s+)?${NAME}`),
  // NAME = …, at the left margin (Python, shell, make)
  new RegExp(`^${NAME}\\s*(?::[^=]+)?=(?!=)`),
  new RegExp(`^\\s*#\\s*define\\s+${NAME}`),
  // int f(…) {, void C::f(…)
  new RegExp(`^[A-Za-z_][\\w\\s*&:<>,]*[\\s*&:]${NAME}\\s*\\([^;]*$`),
  // methods: indented, with a body on the same line
  new RegExp(`^\\s+${MODIFIERS}(?:[\\w<>[\\],.?]+\\s+)?#?${NAME}\\s*(?:<[^>]*>)?\\([^;]*\\{\\s*$`),
];

const NOT_NAMES = new Set(
  "if for while switch catch return else do function new throw await yield typeof sizeof case with match".split(" "),
);

/** A definition is shown up to this many lines. */
const MAX_LINES = 40;

/** All definitions of a text, in order. */
export function findDefinitions(text: string): Definition[] {
  const lines = text.split("\n");
  const found: Definition[] = [];
  lines.forEach((line, index) => {
    const name = definedName(line);
    if (name !== null) found.push({ name, startLine: index + 1, endLine: blockEnd(lines, index) + 1 });
  });
  return found;
}

function definedName(line: string): string | null {
  if (line.length > 400) return null;
  for (const pattern of PATTERNS) {
    const name = pattern.exec(line)?.[1];
    if (name !== undefined && !NOT_NAMES.has(name)) return name;
  }
  return null;
}

/** Last line (0-based) of the block that `start` opens: up to the next line that is not indented further. */
function blockEnd(lines: readonly string[], start: number): number {
  const indent = indentOf(lines[start] ?? "");
  const limit = Math.min(lines.length, start + MAX_LINES);
  let last = start;
  for (let i = start + 1; i < limit; i++) {
    const line = lines[i] ?? "";
    if (line.trim() === "") continue;
    if (indentOf(line) > indent) {
      last = i;
      continue;
    }
    // A line such as `): string {` or `{` goes on with the block, `}` or `end` closes it.
    if (/^\s*[)\]{]/.test(line)) last = i;
    else return /^\s*(?:[}]|end\b)/.test(line) ? i : last;
  }
  return last;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
