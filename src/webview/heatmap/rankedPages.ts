import type { Interval, RankedRow, RankedRows, RankQuery, TraceQuery } from "../../shared/trace";
import type { HeatmapHost } from "./host";
import { queryKey } from "./state";

const pageRows = 50;
const keptPages = 40;

/** What the table lists, in which order. */
export type RankOrder = Omit<RankQuery, "rows" | "shown">;

/** What is known of the rows for one order: pages, with the figures of what is shown now or, until they come, before. */
export class RankedPages {
  /** Facts that come with every page; null until the first page of this order has come. */
  facts: Omit<RankedRows, "rows"> | null = null;
  private readonly pages = new Map<string, RankedRows>();
  private readonly running = new Set<string>();
  private order: RankOrder | null = null;
  private orderKey = "";
  /** Order of the rows that are shown. */
  private taken = "";
  private shown: TraceQuery | null = null;
  private rows = new Map<number, RankedRow>();
  /** Pages of `rows` whose figures are those of `shown`. */
  private readonly fresh = new Set<number>();

  constructor(
    private readonly host: HeatmapHost,
    /** Called when rows have come. `reordered`: they are the first ones of another order. */
    private readonly onRows: (reordered: boolean) => void,
    private readonly onFailed: (message: string) => void,
  ) {}

  /** Turns to an order and to what the figures show; rows of the order before stay until the new ones come. */
  open(order: RankOrder, shown: TraceQuery, visible: Interval): void {
    const key = JSON.stringify(order);
    const reordered = key !== this.orderKey;
    if (!reordered && this.shown !== null && queryKey(this.shown) === queryKey(shown)) return;
    this.order = order;
    this.orderKey = key;
    this.shown = shown;
    this.fresh.clear();
    this.need(reordered ? [0, Math.max(1, visible[1] - visible[0])] : visible);
  }

  /** The row of a place in the table, when it has come. */
  row(index: number): RankedRow | undefined {
    return this.rows.get(index);
  }

  /** The largest share of the rows that have come, of either answer: the full length of a bar. */
  largestShare(): number {
    return [...this.rows.values()].reduce((most, row) => Math.max(most, row.share, row.other?.share ?? 0), 1e-9);
  }

  /** Makes sure that rows [from, to) come. */
  need([from, to]: Interval): void {
    for (let page = Math.floor(from / pageRows); page * pageRows < Math.max(to, from + 1); page++) this.fetch(page);
  }

  private fetch(page: number): void {
    const { order, shown, orderKey } = this;
    if (order === null || shown === null || this.fresh.has(page)) return;
    const key = `${page} ${queryKey(shown)} ${orderKey}`;
    const known = this.pages.get(key);
    if (known !== undefined) {
      this.take(known, page, orderKey);
      return;
    }
    if (this.running.has(key)) return;
    this.running.add(key);
    const isWanted = (): boolean =>
      orderKey === this.orderKey && this.shown !== null && queryKey(this.shown) === queryKey(shown);
    const same = queryKey(shown) === queryKey(order.query);
    this.host
      .rows({ ...order, rows: [page * pageRows, (page + 1) * pageRows], ...(!same && { shown }) })
      .then((found) => {
        this.remember(key, found);
        if (isWanted()) this.take(found, page, orderKey);
      })
      .catch((error: unknown) => {
        if (isWanted()) this.onFailed(error instanceof Error ? error.message : String(error));
      })
      .finally(() => this.running.delete(key));
  }

  private take({ rows, ...facts }: RankedRows, page: number, orderKey: string): void {
    const reordered = this.taken !== orderKey;
    if (reordered) this.rows = new Map();
    this.taken = orderKey;
    this.fresh.add(page);
    this.facts = facts;
    rows.forEach((row, at) => this.rows.set(page * pageRows + at, row));
    this.onRows(reordered);
  }

  private remember(key: string, found: RankedRows): void {
    this.pages.set(key, found);
    const [oldest] = this.pages.keys();
    if (this.pages.size > keptPages && oldest !== undefined) this.pages.delete(oldest);
  }
}
