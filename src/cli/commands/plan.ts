import type { Command } from "commander";
import type { PlanGain, PlannedFile, PlanResult } from "../../shared/protocol";
import { formatCount, formatSize, formatTable } from "../format";
import { addReadingOptions } from "../options";
import { openSession, withPipeline } from "../session";

/** Files that are listed for each reason to leave files out. */
const EXAMPLES = 5;

export function addPlanCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command("plan")
    .description("show what goes into the context, what does not, and why")
    .argument("<dir>", "folder of the repository")
    .option("--all", "list every file that is left out")
    .addHelpText("after", "\nExamples:\n  longsight plan .\n  longsight plan . --budget 16000 --exclude 'test/**'\n");
  addReadingOptions(command).action(async (dir: string, options: { readonly all?: true }) => {
    const session = openSession(command, signal);
    const plan = await withPipeline(session, dir, (pipeline) =>
      pipeline.plan({ signal, onProgress: session.output.progress }),
    );
    session.output.event({ type: "plan", ...toJson(plan) });
    if (!session.output.json) session.output.text(formatPlan(plan, options.all === true));
  });
}

function toJson(plan: PlanResult): Readonly<Record<string, unknown>> {
  const files = plan.files.map(({ path, bytes, tokens, estimated, included, reason, files: inside }) => ({
    path,
    tokens,
    included,
    reason,
    bytes,
    estimated,
    ...(inside !== undefined && { files: inside }),
  }));
  const { budget, budgetReason, included, leftOut, memoryBytes, model } = plan;
  return { budget, included, files, leftOut, budgetReason, memoryBytes, model };
}

/** The plan for people: totals, the tree of what is in, and the reasons for what is not. */
export function formatPlan(plan: PlanResult, all: boolean): string {
  const { included, leftOut } = plan;
  const estimated = plan.files.some((file) => file.included && file.estimated) ? "about " : "";
  const lines = [
    `In the context: ${formatCount(included.files)} files, ${estimated}${formatCount(included.tokens)} tokens` +
      ` of a budget of ${formatCount(plan.budget)} (${plan.budgetReason}).`,
  ];
  const outlines = plan.files.filter((file) => file.outline === true).length;
  if (outlines > 0) lines.push(`Of ${formatCount(outlines)} of these files only the declarations.`);
  if (plan.memoryBytes > 0) lines.push(`Memory for it: ${formatSize(plan.memoryBytes)} (${plan.model ?? ""}).`);
  if (plan.gain) lines.push(formatGain(plan.gain));
  const tree = formatTable(treeRows(plan.files.filter((file) => file.included)), [1]);
  const out = plan.files.filter((file) => !file.included);
  const left = out.length === 0 ? "" : `\nLeft out: ${formatCount(leftOut.files)} files.\n${formatLeftOut(out, all)}`;
  return `${lines.join("\n")}\n\n${tree}${left}`;
}

function formatGain({ files, memoryBytes }: PlanGain): string {
  const cost = memoryBytes > 0 ? ` and take ${formatSize(memoryBytes)} more` : "";
  return `64 k more tokens would bring ${formatCount(files)} more files in as a whole${cost}.`;
}

/** A node of the folder tree: tokens of everything below it. */
interface Folder {
  readonly folders: Map<string, Folder>;
  readonly files: PlannedFile[];
  tokens: number;
  count: number;
}

const newFolder = (): Folder => ({ folders: new Map(), files: [], tokens: 0, count: 0 });

function treeRows(files: readonly PlannedFile[]): string[][] {
  const root = newFolder();
  for (const file of files) {
    let folder = root;
    count(folder, file);
    for (const name of file.path.split("/").slice(0, -1)) {
      const next = folder.folders.get(name) ?? newFolder();
      folder.folders.set(name, next);
      folder = next;
      count(folder, file);
    }
    folder.files.push(file);
  }
  return rowsBelow(root, "");
}

function count(folder: Folder, file: PlannedFile): void {
  folder.tokens += file.tokens;
  folder.count++;
}

function rowsBelow(folder: Folder, indent: string): string[][] {
  const folders = [...folder.folders].sort((a, b) => b[1].tokens - a[1].tokens);
  const files = folder.files.toSorted((a, b) => b.tokens - a.tokens);
  return [
    ...folders.flatMap(([name, below]) => [
      [`${indent}${name}/`, formatCount(below.tokens), `${formatCount(below.count)} files`],
      ...rowsBelow(below, `${indent}  `),
    ]),
    ...files.map((file) => [
      `${indent}${file.path.slice(file.path.lastIndexOf("/") + 1)}`,
      formatCount(file.tokens),
      file.reason,
    ]),
  ];
}

function formatLeftOut(files: readonly PlannedFile[], all: boolean): string {
  const byReason = new Map<string, PlannedFile[]>();
  for (const file of files) {
    const group = byReason.get(file.reason);
    if (group === undefined) byReason.set(file.reason, [file]);
    else group.push(file);
  }
  const blocks = [...byReason].map(([reason, group]) => {
    const shown = all ? group : group.slice(0, EXAMPLES);
    const more = group.length - shown.length;
    const names = shown.map((file) => `    ${file.path}${filesInside(file)}\n`).join("");
    const files = group.reduce((sum, file) => sum + (file.files ?? 1), 0);
    return `  ${reason}: ${formatCount(files)}\n${names}${more > 0 ? `    … and ${formatCount(more)} more (--all)\n` : ""}`;
  });
  return blocks.join("");
}

/** ` (12 files)` behind a folder that is left out as a whole. */
function filesInside({ files }: PlannedFile): string {
  if (files === undefined) return "";
  return files === 1 ? " (1 file)" : ` (${formatCount(files)} files)`;
}
