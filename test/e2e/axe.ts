import { readFileSync } from "node:fs";
import path from "node:path";
import type { Frame, Page } from "playwright-core";
import { root } from "../helpers/paths.mjs";

/** A rule of axe-core that was broken. */
interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Serious and critical findings of axe-core in a page; `without`: rules that are not run. */
export async function axeFindings(page: Page | Frame, without: readonly string[] = []): Promise<string[]> {
  await page.evaluate(readFileSync(path.join(root, "node_modules/axe-core/axe.min.js"), "utf8"));
  const violations = await page.evaluate(async (ids) => {
    const { axe } = window as unknown as {
      axe: { run(context: Document, options: unknown): Promise<{ violations: Finding[] }> };
    };
    return (await axe.run(document, { rules: Object.fromEntries(ids.map((id) => [id, { enabled: false }])) }))
      .violations;
  }, without);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`),
    );
}
