import type { FileSelection, TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setAttributes, setText } from "./dom";
import { count, layerRange } from "./format";
import { icon } from "./icons";
import { rankFiles, type RankedRow, type SortColumn } from "./ranking";
import { shownSums, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";
import { filesByPath } from "./sums";
import { TableRow } from "./tableRow";
import { VirtualRows } from "./virtualRows";

const rowHeight = 21;

/** The ranked twin of the map: the same figures as a grid for keyboard and screen reader. */
export class TableView implements View {
  readonly element = h("section", { class: "table", "aria-label": t("Ranked files") });
  private readonly caption = h("span", { class: "dim caption" });
  private readonly filter = h("input", {
    type: "text",
    placeholder: t("Filter files"),
    "aria-label": t("Filter files"),
    spellcheck: "false",
  });
  private readonly grid = h("div", {
    class: "grid",
    role: "grid",
    id: "table",
    tabindex: 0,
    "aria-label": t("Files by selections"),
    "aria-colcount": 8,
  });
  private readonly headers = new Map<SortColumn, HTMLElement>();
  private readonly layersHeader = columnHeader("spark", "");
  private readonly nothing = h("p", { class: "dim nothing" }, t("No file matches."));
  private readonly rows: VirtualRows;
  private readonly cells = new WeakMap<HTMLElement, TableRow>();
  private readonly orderChanges = new Changes();
  private readonly fillChanges = new Changes();
  private readonly markChanges = new Changes();
  private order: readonly RankedRow[] = [];
  private known: ReadonlyMap<string, FileSelection> = new Map();
  private highest = 1;
  private focused = 0;

  constructor(
    private readonly store: Store,
    private readonly openAt: ((path: string) => void) | null,
  ) {
    this.rows = new VirtualRows(
      rowHeight,
      (index) => this.createRow(index),
      (row, index) => this.fillRow(row, index),
    );
    this.grid.append(this.headerRow(), this.rows.element);
    const search = h("label", { class: "filter" }, icon("search"), this.filter);
    const title = h(
      "div",
      { class: "row small table-title" },
      h("h2", {}, t("Ranked")),
      this.caption,
      h("span", { class: "grow" }),
      search,
    );
    this.element.append(title, this.grid, this.nothing);
    this.filter.addEventListener("input", () => store.dispatch({ type: "filter", text: this.filter.value }));
    this.filter.addEventListener("keydown", (event) => this.filterKey(event));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focus", () => this.focusRow(this.focused, false));
    this.rows.element.addEventListener("click", (event) => this.choose(rowIndex(event)));
    this.rows.element.addEventListener("dblclick", (event) => this.openRow(rowIndex(event)));
    this.rows.element.addEventListener("pointerover", (event) => this.hover(rowIndex(event)));
    this.rows.element.addEventListener("pointerleave", () => this.hover(null));
  }

  update(state: HeatmapState): void {
    const shown = shownSums(state);
    if (state.trace === null || state.committed === null || shown === null) return;
    const reordered = this.orderChanges.since(state.committed, state.zoom, state.filter, state.sort);
    if (reordered) this.reorder(state, state.committed);
    if (this.fillChanges.since(shown, this.order, state.layers)) this.refresh(state, shown);
    if (this.markChanges.since(state.selected, state.marked, this.order)) this.mark();
  }

  private reorder({ zoom, filter, sort }: HeatmapState, committed: TraceSummary): void {
    const before = this.order[this.focused]?.path;
    this.order = rankFiles(committed.files, zoom, filter, sort);
    this.focused = Math.max(
      0,
      this.order.findIndex((row) => row.path === before),
    );
    if (this.filter.value !== filter) this.filter.value = filter;
    for (const [column, header] of this.headers) {
      const active = sort.column === column;
      setAttributes(header, { "aria-sort": active ? (sort.descending ? "descending" : "ascending") : "none" });
      header.querySelector(".sort-mark")?.replaceChildren(...(active ? [icon(sort.descending ? "down" : "up")] : []));
    }
    setAttributes(this.grid, { "aria-rowcount": this.order.length + 1, "aria-activedescendant": undefined });
    this.nothing.hidden = this.order.length > 0;
  }

  private refresh(state: HeatmapState, shown: TraceSummary): void {
    this.known = filesByPath(shown);
    this.highest = shown.files.reduce((most, file) => Math.max(most, ...file.byLayer), 1);
    setText(this.layersHeader, t("Layers 0–{0}", shown.layers - 1));
    const text = caption(state, shown);
    setText(this.caption, text);
    setAttributes(this.caption, { title: text });
    this.rows.refresh(this.order.length);
    this.mark();
  }

  private createRow(index: number): HTMLElement {
    const row = new TableRow(index);
    this.cells.set(row.element, row);
    return row.element;
  }

  private fillRow(element: HTMLElement, index: number): void {
    const ranked = this.order[index];
    const file = ranked === undefined ? undefined : this.known.get(ranked.path);
    if (ranked === undefined || file === undefined) return;
    this.cells.get(element)?.fill(file, ranked.rank, this.store.state.layers, this.highest);
    this.markRow(element, index);
  }

  private mark(): void {
    for (let [index, end] = this.drawnRange(); index < end; index++) {
      const element = this.rows.row(index);
      if (element !== undefined) this.markRow(element, index);
    }
  }

  private drawnRange(): [number, number] {
    const [from, to] = this.rows.visible();
    return [Math.max(0, from - 25), to + 25];
  }

  private markRow(element: HTMLElement, index: number): void {
    const { selected, marked } = this.store.state;
    const path = this.order[index]?.path;
    this.cells.get(element)?.mark(path === selected, index === this.focused, path === marked);
  }

  private hover(index: number | null): void {
    this.store.dispatch({ type: "mark", path: index === null ? null : (this.order[index]?.path ?? null) });
  }

  private choose(index: number | null): void {
    const path = index === null ? undefined : this.order[index]?.path;
    if (index === null || path === undefined) return;
    this.focusRow(index, true);
    this.store.dispatch({ type: "select", path });
  }

  private openRow(index: number | null): void {
    const path = index === null ? undefined : this.order[index]?.path;
    if (path !== undefined) this.openAt?.(path);
  }

  private focusRow(index: number, reveal: boolean): void {
    this.focused = Math.min(Math.max(0, index), Math.max(0, this.order.length - 1));
    if (reveal) this.rows.reveal(this.focused);
    setAttributes(this.grid, { "aria-activedescendant": this.rows.row(this.focused)?.id });
    this.mark();
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.rows.element.clientHeight / rowHeight) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.focused + 1,
      ArrowUp: this.focused - 1,
      PageDown: this.focused + page,
      PageUp: this.focused - page,
      Home: 0,
      End: this.order.length - 1,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      this.focusRow(target, true);
      this.choose(this.focused);
    } else if (event.key === "Enter") this.openRow(this.focused);
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.filter.focus();
      this.store.dispatch({ type: "filter", text: this.filter.value + event.key });
      this.filter.value = this.store.state.filter;
    } else return;
    event.preventDefault();
  }

  private filterKey(event: KeyboardEvent): void {
    if (event.key === "Escape") this.store.dispatch({ type: "filter", text: "" });
    else if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    this.grid.focus();
  }

  private headerRow(): HTMLElement {
    const sortable = (column: SortColumn, label: string, style: string): HTMLElement => {
      const button = h("button", { type: "button", tabindex: -1 }, label, h("span", { class: "sort-mark" }));
      button.addEventListener("click", () => this.store.dispatch({ type: "sort", column }));
      const header = columnHeader(style, button);
      this.headers.set(column, header);
      return header;
    };
    return h(
      "div",
      { role: "row", class: "row-line header-row", "aria-rowindex": 1 },
      columnHeader("number", "#"),
      sortable("file", t("File"), "file-cell"),
      columnHeader("mono-cell", t("Densest lines")),
      sortable("tokens", t("Tokens"), "number"),
      sortable("selected", t("Selected"), "number"),
      sortable("share", t("Share"), "number"),
      sortable("lift", t("Lift"), "lift-cell"),
      this.layersHeader,
    );
  }
}

function columnHeader(style: string, content: HTMLElement | string): HTMLElement {
  return h("div", { role: "columnheader", class: style }, content);
}

/** Which selections the table counts. */
function caption({ layers, phase, pinned, hovered, preview, trace }: HeatmapState, shown: TraceSummary): string {
  const steps = preview === null ? pinned : hovered;
  const words = steps === null ? [] : (trace?.answer.filter(({ step }) => step >= steps[0] && step < steps[1]) ?? []);
  const text = words
    .map((word) => word.text)
    .join("")
    .trim();
  const of =
    phase === "question"
      ? t("the question")
      : steps === null
        ? t("the whole answer")
        : `“${text.length > 28 ? `${text.slice(0, 27)}…` : text}”`;
  const range = layers[0] === 0 && layers[1] >= shown.layers ? t("all layers") : t("layers {0}", layerRange(layers));
  return t("{0} selections of {1}, {2} · same data as the map", count(shown.selections), of, range);
}

function rowIndex(event: Event): number | null {
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-row]") : null;
  return row === null ? null : Number(row.dataset["row"]);
}
