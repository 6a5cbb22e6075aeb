import { baseName } from "../../shared/fileTree";
import type { FileTrace, FileTraceLine, Interval, TokenSelection, TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { CodeStrip } from "./codeStrip";
import { codeLine, tokenText } from "./codeLine";
import { h, setAttributes, setText } from "./dom";
import { FileLines, type LoadedFile } from "./fileLines";
import { count, lift } from "./format";
import type { HeatmapHost } from "./host";
import { icon } from "./icons";
import { countSwatches } from "./legend";
import { hasMap } from "./notice";
import { committedQuery, queryKey, shownQuery, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";
import type { Tip } from "./tip";
import { VirtualRows } from "./virtualRows";

const lineHeight = 19;
const firstLines: Interval = [1, 80];

/** The chosen file: its lines with coloured tokens, and a strip of the whole file beside them. */
export class CodeView implements View {
  readonly element = h("section", { class: "code", "aria-label": t("Code") });
  private readonly name = h("strong", { class: "mono" });
  private readonly figures = h("span", { class: "dim figures" });
  private readonly openButton = h(
    "button",
    { class: "icon-button", type: "button", "aria-label": t("Open in editor"), title: t("Open in editor") },
    icon("open"),
  );
  private readonly message = h("p", { class: "dim nothing", role: "status" });
  private readonly legend = h("div", { class: "legend code-legend" });
  private readonly body = h("div", { class: "code-body" });
  private readonly rows: VirtualRows;
  private readonly strip: CodeStrip;
  private readonly lines: FileLines;
  private readonly queryChanges = new Changes();
  private readonly legendChanges = new Changes();
  private loaded: LoadedFile | null = null;
  private path: string | null = null;
  private line = 1;
  private wantedLine: number | null = null;
  private token: number | null = null;

  constructor(
    private readonly store: Store,
    private readonly host: HeatmapHost,
    private readonly tip: Tip,
  ) {
    const open = host.editor === null ? null : (path: string, line: number): void => host.editor?.open(path, line);
    this.rows = new VirtualRows(
      lineHeight,
      (index) => h("div", { class: "code-line", id: `line-${index + 1}`, role: "option", "data-line": index + 1 }),
      (row, index) => this.fill(row, index),
    );
    setAttributes(this.rows.element, {
      class: "rows code-rows",
      role: "listbox",
      tabindex: 0,
      "aria-label": t("Lines"),
    });
    this.strip = new CodeStrip((line) => this.goTo(line, true));
    this.lines = new FileLines(
      host,
      (loaded) => this.onLoaded(loaded),
      (path, message) => this.onFailed(path, message),
    );
    this.openButton.hidden = open === null;
    this.openButton.addEventListener("click", () => this.path !== null && open?.(this.path, this.line));
    this.body.append(this.strip.element, this.rows.element);
    this.element.append(
      h(
        "div",
        { class: "row small code-title" },
        this.name,
        this.figures,
        h("span", { class: "grow" }),
        this.openButton,
      ),
      this.message,
      this.body,
      this.legend,
    );
    this.rows.element.addEventListener("scroll", () => this.onScroll(), { passive: true });
    this.rows.element.addEventListener("keydown", (event) => this.key(event, open));
    this.rows.element.addEventListener("pointerover", (event) => this.point(event.target));
    this.rows.element.addEventListener("pointerleave", () => tip.hide());
    this.rows.element.addEventListener("click", (event) => {
      const line = lineOf(event.target);
      if (line === null || this.path === null) return;
      this.goTo(line, false);
      open?.(this.path, line);
    });
  }

  /** Paints the strip anew, after the theme changed. */
  repaint(): void {
    this.strip.paint();
  }

  update(state: HeatmapState): void {
    const query = shownQuery(state);
    this.element.classList.toggle("without-file", state.selected === null);
    this.element.hidden = state.other !== null;
    if (state.selected === null || query === null || !hasMap(state)) {
      this.path = this.loaded = null;
      setText(this.name, "");
      setText(this.figures, t("Choose a file in the map or the table."));
      setAttributes(this.figures, { title: undefined });
      this.body.hidden = this.legend.hidden = this.message.hidden = true;
      return;
    }
    if (this.element.hidden || !this.queryChanges.since(state.selected, state.line, queryKey(query))) return;
    const fresh = this.path !== state.selected;
    this.path = state.selected;
    const line = state.line ?? densestLine(state.trace, state.selected);
    if (!fresh && state.line !== this.wantedLine && state.line !== null) this.goTo(state.line, true);
    this.wantedLine = state.line;
    setText(this.name, baseName(state.selected));
    setAttributes(this.name, { title: state.selected });
    this.lines.open(state.selected, query, fresh ? around(line) : this.visibleLines());
  }

  private showFigures({ sums }: FileTrace): void {
    const [tokens, selected] = [count(sums.tokens), count(sums.selected)];
    const figures = t("{0} tokens · {1} selected · lift {2}", tokens, selected, lift(sums.lift));
    setText(this.figures, figures);
    setAttributes(this.figures, { title: figures });
  }

  private onLoaded(loaded: LoadedFile): void {
    const fresh = this.loaded?.path !== loaded.path;
    this.loaded = loaded;
    this.message.hidden = true;
    this.body.hidden = this.legend.hidden = false;
    this.showFigures(loaded.file);
    this.strip.setFile(loaded.file);
    if (fresh) this.rows.element.scrollTop = 0;
    this.rows.refresh(loaded.file.lineCount);
    if (fresh) this.goTo(this.wantedLine ?? loaded.file.sums.densest?.[0] ?? 1, true);
    this.onScroll();
    this.updateLegend(loaded);
  }

  private updateLegend({ file }: LoadedFile): void {
    const { pinned, layers, trace } = this.store.state;
    if (!this.legendChanges.since(file.maxCount, file.scope, pinned, layers)) return;
    const whole = layers[1] - layers[0] >= (trace?.layers ?? 0);
    const text =
      file.scope === "answer"
        ? t("Token colour: selections in the whole answer, all layers; this page keeps no others")
        : whole
          ? t("Token colour: selections by all layers")
          : t("Token colour: selections by the layers of the band");
    this.legend.replaceChildren(h("span", { class: "dim" }, text), countSwatches(file.maxCount));
  }

  private onFailed(path: string, message: string): void {
    this.loaded = null;
    this.body.hidden = this.legend.hidden = true;
    this.message.hidden = false;
    setText(this.message, path === this.path ? message : "");
  }

  private fill(row: HTMLElement, index: number): void {
    const { loaded } = this;
    if (loaded === null) return;
    const mean = loaded.file.strip[index] ?? 0;
    row.replaceChildren(...codeLine(index + 1, loaded.lines.get(index + 1), mean, loaded.file.maxCount));
    this.markLine(row, index + 1);
  }

  private markLine(row: HTMLElement, line: number): void {
    row.classList.toggle("focused", line === this.line);
    setAttributes(row, { "aria-selected": line === this.line ? "true" : "false" });
  }

  private visibleLines(): Interval {
    const [from, to] = this.rows.visible();
    return [from + 1, Math.max(from + 2, to + 1)];
  }

  private onScroll(): void {
    if (this.loaded === null) return;
    const lines = this.visibleLines();
    this.strip.setVisible(lines);
    this.lines.need(lines);
  }

  private goTo(line: number, centre: boolean): void {
    if (this.loaded === null) return;
    const before = this.rows.row(this.line - 1);
    const previous = this.line;
    this.line = Math.min(Math.max(1, line), this.loaded.file.lineCount);
    this.token = null;
    if (before !== undefined) this.markLine(before, previous);
    this.rows.reveal(this.line - 1, centre);
    const row = this.rows.row(this.line - 1);
    if (row !== undefined) this.markLine(row, this.line);
    setAttributes(this.rows.element, { "aria-activedescendant": row?.id });
  }

  private key(event: KeyboardEvent, open: ((path: string, line: number) => void) | null): void {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const page = Math.max(1, Math.floor(this.rows.element.clientHeight / lineHeight) - 2);
    if (step !== 0) this.goTo(this.line + step, false);
    else if (event.key === "PageDown") this.goTo(this.line + page, false);
    else if (event.key === "PageUp") this.goTo(this.line - page, false);
    else if (event.key === "Home") this.goTo(1, false);
    else if (event.key === "End") this.goTo(this.loaded?.file.lineCount ?? 1, false);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft")
      this.stepToken(event.key === "ArrowRight" ? 1 : -1);
    else if (event.key === "Enter" && this.path !== null) open?.(this.path, this.line);
    else if (event.key === "p" || event.key === "P") void this.pinMostSelecting();
    else return;
    event.preventDefault();
  }

  /** Pins the answer token that selected the line most. */
  private async pinMostSelecting(): Promise<void> {
    const { path, line } = this;
    const query = committedQuery({ ...this.store.state, pinned: null });
    if (path === null || query === null || this.host.editor === null) return;
    try {
      const steps = await this.host.editor.mostSelecting({ ...query, path, lines: [line, line + 1] });
      if (steps !== null) this.store.dispatch({ type: "pin", steps });
    } catch (error) {
      this.onFailed(path, error instanceof Error ? error.message : String(error));
    }
  }

  private stepToken(step: 1 | -1): void {
    const row = this.rows.row(this.line - 1);
    const tokens = row === undefined ? [] : [...row.querySelectorAll(".code-token")];
    if (tokens.length === 0) return;
    const next = this.token === null ? (step > 0 ? 0 : tokens.length - 1) : this.token + step;
    this.token = Math.min(tokens.length - 1, Math.max(0, next));
    tokens[this.token]?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.point(tokens[this.token] ?? null);
  }

  private point(target: EventTarget | null): void {
    const element = target instanceof Element ? target.closest<HTMLElement>(".code-token") : null;
    const number = lineOf(target);
    const line = number === null ? undefined : this.loaded?.lines.get(number);
    const token = line?.tokens[Number(element?.dataset["token"])];
    if (element === null || line === undefined || token === undefined || this.loaded === null) this.tip.hide();
    else this.tip.show(element.getBoundingClientRect(), this.tokenTip(line, token, this.loaded.file.maxCount));
  }

  private tokenTip(line: FileTraceLine, token: TokenSelection, maxCount: number): Parameters<Tip["show"]>[1] {
    return [
      { text: tokenText(line, token).trim() || t("space"), style: "title" },
      { text: t("line {0}, column {1}", line.line, token.column + 1) },
      { text: t("selected {0} of {1} times", count(token.count), count(maxCount)) },
    ];
  }
}

function densestLine(trace: TraceSummary | null, path: string): number | null {
  return trace?.files.find((file) => file.path === path)?.densest?.[0] ?? null;
}

function around(line: number | null): Interval {
  return line === null ? firstLines : [Math.max(1, line - 30), line + 50];
}

function lineOf(target: EventTarget | null): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>("[data-line]") : null;
  return row === null ? null : Number(row.dataset["line"]);
}
