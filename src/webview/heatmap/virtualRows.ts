import { h } from "./dom";

/** Rows beyond the visible ones that are kept drawn. */
const overscan = 20;

/**
 * A scrolling list of equally high rows of which only those in view, and 20 on either side, exist. `fill` gets a row's
 * element and its index, and writes its content.
 */
export class VirtualRows {
  readonly element = h("div", { class: "rows" });
  private readonly spacer = h("div", { class: "rows-spacer", role: "presentation" });
  private readonly rows = new Map<number, HTMLElement>();
  private total = 0;

  constructor(
    private readonly rowHeight: number,
    private readonly create: (index: number) => HTMLElement,
    private readonly fill: (row: HTMLElement, index: number) => void,
    /** Stays above the rows while they scroll; null for none. */
    private readonly head: HTMLElement | null = null,
  ) {
    if (head !== null) this.element.append(head);
    this.element.append(this.spacer);
    this.element.addEventListener("scroll", () => this.draw(false), { passive: true });
    new ResizeObserver(() => this.draw(false)).observe(this.element);
  }

  /** Shows `total` rows and writes all drawn ones anew; the scroll position stays. */
  refresh(total: number): void {
    this.total = total;
    this.spacer.style.height = `${total * this.rowHeight}px`;
    this.draw(true);
  }

  /** The drawn row of an index, or undefined. */
  row(index: number): HTMLElement | undefined {
    return this.rows.get(index);
  }

  /** Calls `visit` for each row that exists. */
  eachDrawn(visit: (row: HTMLElement, index: number) => void): void {
    this.rows.forEach(visit);
  }

  /** First and last index in view, half-open. */
  visible(): readonly [from: number, to: number] {
    const { scrollTop } = this.element;
    const clientHeight = this.rowsHeight();
    const from = Math.floor(scrollTop / this.rowHeight);
    return [Math.max(0, from), Math.min(this.total, Math.ceil((scrollTop + clientHeight) / this.rowHeight))];
  }

  /** Scrolls as little as needed for a row to be in view; `centre` puts it in the middle. */
  reveal(index: number, centre = false): void {
    const { scrollTop } = this.element;
    const clientHeight = this.rowsHeight();
    const top = index * this.rowHeight;
    if (centre) this.element.scrollTop = Math.max(0, top - clientHeight / 2 + this.rowHeight);
    else if (top < scrollTop) this.element.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight)
      this.element.scrollTop = top + this.rowHeight - clientHeight;
    this.draw(false);
  }

  /** Height in which rows are seen. */
  private rowsHeight(): number {
    return Math.max(0, this.element.clientHeight - (this.head?.offsetHeight ?? 0));
  }

  private draw(everything: boolean): void {
    const [first, end] = this.visible();
    const from = Math.max(0, first - overscan);
    const to = Math.min(this.total, end + overscan);
    for (const [index, row] of this.rows) {
      if (index >= from && index < to) continue;
      row.remove();
      this.rows.delete(index);
    }
    for (let index = from; index < to; index++) {
      const known = this.rows.get(index);
      const row = known ?? this.add(index);
      if (everything || known === undefined) this.fill(row, index);
    }
  }

  private add(index: number): HTMLElement {
    const row = this.create(index);
    row.style.transform = `translateY(${index * this.rowHeight}px)`;
    this.rows.set(index, row);
    this.spacer.append(row);
    return row;
  }
}
