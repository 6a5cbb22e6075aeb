import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { PlanAction } from "../../shared/views";
import { count, printable } from "../common/format";
import { icon } from "../common/icon";
import { t } from "../common/l10n";
import type { PlanNode } from "./tree";

interface Row {
  readonly node: PlanNode;
  readonly level: number;
  readonly expanded: boolean | null;
}

/** Rows beyond this are not drawn; folding a folder brings others into reach. */
const rowLimit = 2_000;

/** The tree of the plan as a keyboard-operable tree grid. */
export class TreeGrid {
  /** Folders whose state differs from the default: the first level is open, all others are closed. */
  private readonly toggled = new Set<string>();
  private active = "";

  constructor(
    private readonly open: (uri: string) => void,
    private readonly change: (action: PlanAction, path: string) => void,
    private readonly redraw: () => void,
  ) {}

  /** @param unfolded all folders are open: their files were looked for */
  render(root: PlanNode, unfolded: boolean): TemplateResult {
    const rows: Row[] = [];
    this.collect(root, 1, unfolded, rows);
    const shown = rows.slice(0, rowLimit);
    if (!shown.some(({ node }) => node.path === this.active)) this.active = shown[0]?.node.path ?? "";
    const largest = Math.max(1, ...root.children.map((node) => node.tokensIn + node.tokensOut));
    return html`<div class="grid-scroll">
      <table role="treegrid" aria-label=${t("Files of the workspace")} aria-rowcount=${rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">${t("Name")}</th>
            <th scope="col">${t("State")}</th>
            <th scope="col" class="right">${t("Files in")}</th>
            <th scope="col" class="right">${t("Tokens in")}</th>
            <th scope="col" class="right">${t("Left out")}</th>
            <th scope="col" class="bars"><span class="sr-only">${t("Share")}</span></th>
            <th scope="col" class="reason">${t("Reason")}</th>
            <th scope="col" class="actions"><span class="sr-only">${t("Change")}</span></th>
          </tr>
        </thead>
        <tbody @keydown=${(event: KeyboardEvent) => this.keyDown(event, shown)}>
          ${repeat(
            shown,
            ({ node }) => node.path,
            (row) => this.row(row, largest),
          )}
        </tbody>
      </table>
      ${rows.length > rowLimit ? html`<p class="dim">${t("{0} more rows; fold a folder to see them.", rows.length - rowLimit)}</p>` : nothing}
    </div>`;
  }

  private collect(parent: PlanNode, level: number, unfolded: boolean, rows: Row[]): void {
    for (const node of parent.children) {
      const expanded = node.file === null ? (unfolded || level === 1) !== this.toggled.has(node.path) : null;
      rows.push({ node, level, expanded });
      if (expanded === true) this.collect(node, level + 1, unfolded, rows);
    }
  }

  private row({ node, level, expanded }: Row, largest: number): TemplateResult {
    const state = stateOf(node);
    const mark = { in: "check", part: "circle-large", outline: "list-tree", out: "close" }[state];
    const label = { in: t("In"), part: t("In part"), outline: t("Outline"), out: t("Out") }[state];
    const chevron = expanded === null ? "blank" : expanded ? "chevron-down" : "chevron-right";
    const width = (tokens: number): string => `width:${Math.min(100, (100 * tokens) / largest).toFixed(1)}%`;
    const number = (value: number): string => (value === 0 ? "–" : count(value));
    return html`<tr
      class=${state}
      role="row"
      data-path=${node.path}
      aria-level=${level}
      aria-expanded=${expanded ?? nothing}
      tabindex=${node.path === this.active ? 0 : -1}
      @click=${() => this.activate(node)}
      @focus=${() => this.focused(node.path)}
    >
      <td role="gridcell" class="name" .style=${`padding-left:${8 + (level - 1) * 16}px`}>
        ${icon(chevron)} ${icon(node.file === null ? "folder" : "file")}
        <bdi title=${printable(node.path)}>${printable(node.name)}</bdi>
        ${node.pinned ? html`${icon("pinned")}<span class="sr-only">${t("pinned")}</span>` : nothing}
      </td>
      <td role="gridcell" class="state">${icon(mark)} <span class="label">${label}</span></td>
      <td role="gridcell" class="right">
        ${node.file === null ? t("{0} of {1}", count(node.filesIn), count(node.files)) : nothing}
      </td>
      <td role="gridcell" class="right">${number(node.tokensIn)}</td>
      <td role="gridcell" class="right dim">${number(node.tokensOut)}</td>
      <td role="gridcell" class="bars">
        <span class="track" aria-hidden="true"
          ><i .style=${width(node.tokensIn)}></i><i class="hatch" .style=${width(node.tokensOut)}></i
        ></span>
      </td>
      <td role="gridcell" class="reason dim" title=${node.reason}>${node.reason}</td>
      <td role="gridcell" class="actions">${this.actions(node)}</td>
    </tr>`;
  }

  private actions(node: PlanNode): TemplateResult {
    const button = (action: PlanAction, codicon: string, label: string): TemplateResult =>
      html`<button
        type="button"
        title=${label}
        aria-label=${`${label}: ${printable(node.path)}`}
        tabindex=${node.path === this.active ? 0 : -1}
        @click=${(event: Event) => {
          event.stopPropagation();
          this.change(action, node.path);
        }}
      >
        ${icon(codicon)}
      </button>`;
    return html`${node.pinned ? button("unpin", "pinned", t("Unpin")) : button("pin", "pin", t("Pin in the context"))}
    ${node.filesIn === 0 ? nothing : button("leaveOut", "exclude", t("Leave out"))}
    ${node.file === null ? button("limitToFolder", "filter", t("Limit to this folder")) : nothing}`;
  }

  /** The buttons of the active row alone are reached by Tab. */
  private focused(path: string): void {
    if (this.active === path) return;
    this.active = path;
    this.redraw();
  }

  private activate(node: PlanNode): void {
    this.active = node.path;
    if (node.file === null) this.toggle(node.path);
    else this.open(node.file.uri);
  }

  private toggle(path: string): void {
    if (!this.toggled.delete(path)) this.toggled.add(path);
    this.redraw();
  }

  private keyDown(event: KeyboardEvent, rows: readonly Row[]): void {
    // Buttons of a row answer their keys themselves.
    const onButton = event.target instanceof HTMLElement && event.target.closest("button") !== null;
    if (onButton && (event.key === "Enter" || event.key === " ")) return;
    const index = rows.findIndex(({ node }) => node.path === this.active);
    const row = rows[index];
    if (row === undefined) return;
    const parent = rows
      .slice(0, index)
      .reverse()
      .find(({ level }) => level < row.level);
    const moves: Record<string, Row | undefined> = {
      ArrowDown: rows[index + 1],
      ArrowUp: rows[index - 1],
      Home: rows[0],
      End: rows.at(-1),
      ArrowRight: row.expanded === true ? rows[index + 1] : undefined,
      ArrowLeft: row.expanded === true ? undefined : parent,
    };
    const target = moves[event.key];
    if (event.key === "Enter" || event.key === " ") this.activate(row.node);
    else if (
      (event.key === "ArrowRight" && row.expanded === false) ||
      (event.key === "ArrowLeft" && row.expanded === true)
    )
      this.toggle(row.node.path);
    else if (target === undefined) return;
    else this.focus(event.currentTarget as HTMLElement, target);
    event.preventDefault();
  }

  private focus(body: HTMLElement, row: Row): void {
    this.active = row.node.path;
    this.redraw();
    body.querySelector<HTMLElement>(`tr[data-path="${CSS.escape(row.node.path)}"]`)?.focus();
  }
}

function stateOf({ files, filesIn, outlines }: PlanNode): "in" | "part" | "outline" | "out" {
  if (filesIn === 0) return "out";
  if (outlines === files) return "outline";
  return filesIn === files && outlines === 0 ? "in" : "part";
}
