import type { RankColumn, RankedRow, RankUnit, TraceQuery } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setAttributes, setText } from "./dom";
import type { HeatmapHost } from "./host";
import { icon } from "./icons";
import { RadioGroup } from "./radio";
import { RankedPages, type RankOrder } from "./rankedPages";
import { committedQuery, otherQuery, shownQuery, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";
import { caption, searchNote } from "./tableText";
import { columnHeader, tableColumns, type TableColumn } from "./tableColumns";
import { TableRow } from "./tableRow";
import { VirtualRows } from "./virtualRows";

const rowHeight = 21;
const filterDelay = 120;

/** The ranked twin of the map: the same figures as a grid for keyboard and screen reader. */
export class TableView implements View {
  readonly element = h("section", { class: "table", "aria-label": t("Ranked") });
  private readonly title = h("h2", {}, t("Ranked"));
  private readonly caption = h("span", { class: "dim caption" });
  private readonly units: RadioGroup<RankUnit>;
  private readonly filter = h("input", {
    type: "text",
    placeholder: t("Filter"),
    "aria-label": t("Filter the table"),
    spellcheck: "false",
  });
  /** The scrolling rows with their header: the table's one tab stop. */
  private readonly grid: HTMLElement;
  private readonly headers = new Map<RankColumn, HTMLElement>();
  private readonly layersHeader = columnHeader("spark", "");
  private readonly nothing = h("p", { class: "dim nothing", role: "status" });
  private readonly rows: VirtualRows;
  private readonly pages: RankedPages;
  private readonly cells = new WeakMap<HTMLElement, TableRow>();
  private readonly headChanges = new Changes();
  private readonly markChanges = new Changes();
  /** A self-contained page ranks files only. */
  private readonly hasUnits: boolean;
  private largest = 1;
  private focused = 0;
  private filterTimer = 0;

  constructor(
    private readonly store: Store,
    host: HeatmapHost,
    private readonly openAt: ((path: string, line: number) => void) | null,
  ) {
    this.rows = new VirtualRows(
      rowHeight,
      (index) => this.createRow(index),
      (row, index) => this.fillRow(row, index),
      this.headerRow(),
    );
    this.grid = this.rows.element;
    setAttributes(this.grid, { class: "rows grid", role: "grid", id: "table", tabindex: 0 });
    this.pages = new RankedPages(
      host,
      (reordered) => this.onRows(reordered),
      (message) => this.say(message),
    );
    this.units = new RadioGroup<RankUnit>(
      t("What is ranked"),
      [
        ["files", t("Files")],
        ["symbols", t("Functions")],
        ["lines", t("Lines")],
      ],
      (unit) => store.dispatch({ type: "unit", unit }),
    );
    this.hasUnits = host.editor !== null;
    const search = h("label", { class: "filter" }, icon("search"), this.filter);
    const grow = h("span", { class: "grow" });
    const head = h(
      "div",
      { class: "row small table-title" },
      this.title,
      this.units.element,
      this.caption,
      grow,
      search,
    );
    this.element.append(head, this.grid, this.nothing);
    this.filter.addEventListener("input", () => this.filterSoon());
    this.filter.addEventListener("keydown", (event) => this.filterKey(event));
    this.grid.addEventListener("keydown", (event) => this.key(event));
    this.grid.addEventListener("focus", () => this.focusRow(this.focused, false));
    this.rows.element.addEventListener("scroll", () => this.pages.need(this.rows.visible()), { passive: true });
    this.rows.element.addEventListener("click", (event) => this.choose(rowIndex(event)));
    this.rows.element.addEventListener("dblclick", (event) => this.openRow(rowIndex(event)));
    this.rows.element.addEventListener("pointerover", (event) => this.hover(rowIndex(event)));
    this.rows.element.addEventListener("pointerleave", () => this.hover(null));
  }

  update(state: HeatmapState): void {
    const order = orderOf(state);
    const shown = shownQuery(state);
    if (state.trace === null || order === null || shown === null) return;
    this.pages.open(order, state.other === null ? shown : order.query, this.rows.visible());
    if (this.headChanges.since(state.sort, state.filter, state.unit, state.trace, state.other)) this.updateHead(state);
    if (this.markChanges.since(state.selected, state.line, state.marked)) this.mark();
  }

  private onRows(reordered: boolean): void {
    const { facts } = this.pages;
    const { state } = this.store;
    if (facts === null) return;
    if (reordered) {
      this.focused = 0;
      this.rows.element.scrollTop = 0;
      this.largest = this.pages.largestShare();
    }
    const text = caption(state);
    setText(this.caption, text);
    setAttributes(this.caption, { title: text });
    setAttributes(this.grid, { "aria-rowcount": facts.total + 1, "aria-activedescendant": undefined });
    this.rows.refresh(facts.total);
    this.pages.need(this.rows.visible());
    this.say(searchNote(state.unit, facts));
    this.mark();
  }

  private say(message: string): void {
    setText(this.nothing, message);
    this.nothing.hidden = message === "";
  }

  private updateHead({ sort, filter, unit, trace, other }: HeatmapState): void {
    if (this.filter.value !== filter && document.activeElement !== this.filter) this.filter.value = filter;
    setText(this.title, other === null ? t("Ranked") : t("Largest differences"));
    this.units.element.hidden = other !== null || !this.hasUnits;
    this.units.update(unit);
    this.grid.dataset["unit"] = unit;
    this.grid.classList.toggle("comparing", other !== null);
    setAttributes(this.grid, {
      "aria-label": {
        files: t("Files by selections"),
        symbols: t("Functions by selections"),
        lines: t("Lines by selections"),
      }[unit],
    });
    setText(this.layersHeader, t("Layers 0–{0}", (trace?.layers ?? 1) - 1));
    for (const [column, header] of this.headers) {
      const active = sort.column === column;
      setAttributes(header, { "aria-sort": active ? (sort.descending ? "descending" : "ascending") : "none" });
      header.querySelector(".sort-mark")?.replaceChildren(...(active ? [icon(sort.descending ? "down" : "up")] : []));
    }
  }

  private createRow(index: number): HTMLElement {
    const row = new TableRow(index);
    this.cells.set(row.element, row);
    return row.element;
  }

  private fillRow(element: HTMLElement, index: number): void {
    const row = this.pages.row(index);
    const cells = this.cells.get(element);
    if (row === undefined) cells?.clear();
    else cells?.fill(row, this.store.state.layers, this.pages.facts?.highest ?? 1, this.largest);
    this.markRow(element, index);
  }

  private mark(): void {
    this.rows.eachDrawn((element, index) => this.markRow(element, index));
  }

  private markRow(element: HTMLElement, index: number): void {
    const { selected, marked, line, unit } = this.store.state;
    const row = this.pages.row(index);
    const isCurrent = row?.path === selected && (unit === "files" || (row.lines?.[0] ?? null) === line);
    this.cells
      .get(element)
      ?.mark(row !== undefined && isCurrent, index === this.focused, row?.path === marked && unit === "files");
  }

  private hover(index: number | null): void {
    this.store.dispatch({ type: "mark", path: index === null ? null : (this.pages.row(index)?.path ?? null) });
  }

  private choose(index: number | null): void {
    const row = index === null ? undefined : this.pages.row(index);
    if (index === null || row === undefined) return;
    this.focusRow(index, true);
    this.store.dispatch({ type: "select", path: row.path, ...(row.name !== undefined && { line: lineOf(row) }) });
  }

  private openRow(index: number | null): void {
    const row = index === null ? undefined : this.pages.row(index);
    if (row !== undefined) this.openAt?.(row.path, lineOf(row));
  }

  private focusRow(index: number, reveal: boolean): void {
    this.focused = Math.min(Math.max(0, index), Math.max(0, (this.pages.facts?.total ?? 1) - 1));
    if (reveal) this.rows.reveal(this.focused);
    setAttributes(this.grid, { "aria-activedescendant": this.rows.row(this.focused)?.id });
    this.mark();
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.grid) return;
    const page = Math.max(1, Math.floor(this.grid.clientHeight / rowHeight) - 2);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.focused + 1,
      ArrowUp: this.focused - 1,
      PageDown: this.focused + page,
      PageUp: this.focused - page,
      Home: 0,
      End: (this.pages.facts?.total ?? 1) - 1,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      this.focusRow(target, true);
      this.choose(this.focused);
    } else if (event.key === "Enter") this.openRow(this.focused);
    else if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
      this.filter.value += event.key;
      this.filter.focus();
      this.filterSoon();
    } else return;
    event.preventDefault();
  }

  private filterSoon(): void {
    clearTimeout(this.filterTimer);
    const apply = (): void => this.store.dispatch({ type: "filter", text: this.filter.value });
    this.filterTimer = window.setTimeout(apply, filterDelay);
  }

  private filterKey(event: KeyboardEvent): void {
    if (event.key === "Escape") {
      this.filter.value = "";
      this.filterSoon();
    } else if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    this.grid.focus();
  }

  private headerRow(): HTMLElement {
    const sort = (column: RankColumn): void => this.store.dispatch({ type: "sort", column });
    const headers = tableColumns.map((column) => this.header(column, sort));
    return h("div", { role: "row", class: "row-line header-row", "aria-rowindex": 1 }, ...headers, this.layersHeader);
  }

  private header({ label, style, sort }: TableColumn, choose: (column: RankColumn) => void): HTMLElement {
    if (sort === undefined) return columnHeader(style, label);
    const button = h("button", { type: "button", tabindex: -1 }, label, h("span", { class: "sort-mark" }));
    button.addEventListener("click", () => choose(sort));
    const header = columnHeader(style, button);
    this.headers.set(sort, header);
    return header;
  }
}

/** What the table lists; null without a trace. */
function orderOf(state: HeatmapState): RankOrder | null {
  const query: TraceQuery | null = committedQuery(state);
  const other = otherQuery(state);
  if (query === null) return null;
  const { unit, zoom: below, filter, sort } = state;
  return {
    query,
    ...(other !== null && { other }),
    unit,
    below,
    filter,
    sort: sort.column,
    descending: sort.descending,
  };
}

const lineOf = ({ lines }: RankedRow): number => lines?.[0] ?? 1;

function rowIndex(event: Event): number | null {
  const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-row]") : null;
  return row === null ? null : Number(row.dataset["row"]);
}
