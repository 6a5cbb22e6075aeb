/** From a syntax tree to declarations. */
import type { Node, Query, QueryMatch } from "web-tree-sitter";
import type { SymbolKind } from "../../shared/symbols";
import type { Declaration } from "./types";

/** Names are shown and matched: what is longer is cut. */
const MAX_NAME = 200;
/** Fields in which a declaration, or the value that it names, has its body. */
const BODY_FIELDS = ["body", "accessors"] as const;
/** Bodies that stand in no field. */
const BODY_TYPES: ReadonlySet<string> = new Set(["block", "script_block", "declaration_list", "body_statement"]);
const CLASS_LIKE: ReadonlySet<SymbolKind> = new Set(["class", "interface", "enum", "struct"]);
const FUNCTION_LIKE: ReadonlySet<SymbolKind> = new Set(["function", "method"]);

/** A declaration before it knows what stands around it. */
interface Found {
  readonly node: Node;
  readonly name: string;
  readonly kind: SymbolKind;
  /** The parent that the declaration names itself, as `void Parent::name()` does. */
  readonly parent: string | null;
  /** Of the patterns that match the same name, the first counts. */
  readonly pattern: number;
}

/**
 * Declarations of a tree, outer ones before inner ones, in the order of the text.
 * @param deadline `performance.now()` at which the search ends with what it has
 */
export function extractDeclarations(root: Node, query: Query, deadline: number): Declaration[] {
  const progressCallback = (): boolean => performance.now() > deadline;
  const byName = new Map<number, Found>();
  for (const match of query.matches(root, { progressCallback })) {
    const { name, found } = read(match);
    if (name === null || found === null) continue;
    const other = byName.get(name.id);
    if (other === undefined || found.pattern < other.pattern) byName.set(name.id, found);
  }
  const sorted = [...byName.values()].sort(
    (a, b) => a.node.startIndex - b.node.startIndex || b.node.endIndex - a.node.endIndex,
  );
  const around: { readonly found: Found; readonly declaration: Declaration }[] = [];
  return sorted.map((found) => {
    while (around.length > 0 && !contains(around.at(-1)?.found, found)) around.pop();
    const declaration = describe(found, around.at(-1)?.declaration ?? null);
    around.push({ found, declaration });
    return declaration;
  });
}

function read({ captures, patternIndex }: QueryMatch): { name: Node | null; found: Found | null } {
  let node: Node | null = null;
  let kind: SymbolKind | null = null;
  let name: Node | null = null;
  let parent: string | null = null;
  for (const capture of captures) {
    if (capture.name === "name") name = nameNode(capture.node);
    else if (capture.name === "parent") parent = capture.node.text;
    else [node, kind] = [capture.node, capture.name as SymbolKind];
  }
  if (node === null || kind === null || name === null) return { name, found: null };
  // `void Parser::parse()` names its class.
  const parts = name.type === "qualified_identifier" ? name.text.split("::") : [name.text];
  const text = CLASS_LIKE.has(kind) || kind === "module" ? bareName(parts.at(-1)) : oneLine(parts.at(-1) ?? "");
  if (parts.length > 1) parent = parts.at(-2) ?? null;
  parent = parent === null ? null : bareName(parent);
  return { name, found: text === "" ? null : { node, name: text, kind, parent, pattern: patternIndex } };
}

/** The innermost declarator of a C declaration: `f` in `**f(int)[3]`. Other nodes are names themselves. */
function nameNode(node: Node): Node {
  const inner =
    node.childForFieldName("declarator") ??
    (node.type === "reference_declarator" || node.type === "parenthesized_declarator" ? node.lastNamedChild : null);
  return inner === null ? node : nameNode(inner);
}

function describe(found: Found, around: Declaration | null): Declaration {
  const { node, name, kind, parent } = found;
  const inClass = parent !== null || (around !== null && CLASS_LIKE.has(around.kind));
  return {
    name,
    kind: kind === "function" && inClass ? "method" : kind,
    startLine: node.startPosition.row + 1,
    endLine: lastRow(node) + 1,
    parent: parent ?? around?.name ?? null,
    headingEndLine: headingEnd(node) + 1,
    local: around !== null && (around.local || FUNCTION_LIKE.has(around.kind)),
  };
}

/** Some nodes end behind their line break. */
function lastRow(node: Node): number {
  const { row, column } = node.endPosition;
  return column === 0 && row > node.startPosition.row ? row - 1 : row;
}

/** Row of the last thing before the body; brackets that stand on a row of their own belong to the body. */
function headingEnd(node: Node): number {
  const body = bodyOf(node);
  return body === null ? lastRow(node) : (body.previousSibling?.endPosition ?? body.startPosition).row;
}

function bodyOf(node: Node): Node | null {
  for (const field of BODY_FIELDS) {
    const body = node.childForFieldName(field);
    if (body !== null) return body;
  }
  const value = node.childForFieldName("value") ?? node.childForFieldName("right") ?? node.childForFieldName("type");
  if (value !== null) return bodyOf(value) ?? value;
  return node.namedChildren.find((child) => BODY_TYPES.has(child.type)) ?? null;
}

const contains = (outer: Found | undefined, inner: Found): boolean =>
  outer !== undefined && outer.node.id !== inner.node.id && outer.node.endIndex >= inner.node.endIndex;

/** Without type arguments and quotation marks. */
const bareName = (text = ""): string => oneLine(text.replace(/(?<=[\w$])<.*$/s, "").replace(/^["']|["']$/g, ""));

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim().slice(0, MAX_NAME);
