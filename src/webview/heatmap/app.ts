import type { ExportFormat } from "../../shared/views";
import { t } from "../common/l10n";
import { Announcer } from "./announcer";
import { AnswerView } from "./answer";
import { CodeView } from "./code";
import { CompareView } from "./compare";
import { h, setText } from "./dom";
import { HeaderView } from "./header";
import type { EditorActions, HeatmapHost } from "./host";
import { keptState, parseKept } from "./kept";
import { LayersView } from "./layers";
import { MapView } from "./map";
import { hasMap, NoticeView } from "./notice";
import { picturePng } from "./picture";
import { SumQueries } from "./queries";
import type { HeatmapState } from "./state";
import { Store, type View } from "./store";
import { toSvg } from "./svg";
import { TableView } from "./table";
import { caption } from "./tableText";
import { followTheme } from "./theme";
import { Tip } from "./tip";

/** Milliseconds after which late sums show a progress line. */
const patience = 200;
/** Milliseconds between two savings of the state. */
const keepDelay = 300;

/** Puts the views together: each follows the store's one value. */
export class App {
  private readonly store = new Store();
  private readonly busyLine = h("div", { class: "busy-line", role: "presentation", hidden: true });
  private readonly problem = h("p", { class: "problem small", role: "status", hidden: true });
  private readonly note = h("p", { class: "note small", role: "status", hidden: true });
  private readonly answers = h("div", { class: "answers" });
  /** In the page only while two answers are compared. */
  private secondAnswer: HTMLElement | null = null;
  private readonly panes = h("div", { class: "panes" });
  private busyTimer = 0;
  private keepTimer = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly host: HeatmapHost,
  ) {}

  /** Builds the page and asks the host for its state. */
  start(): void {
    const { store, host } = this;
    const tip = new Tip();
    const { editor } = host;
    const openAt = editor === null ? null : (path: string, line: number): void => editor.open(path, line);
    const openTile = editor === null ? null : (path: string, line: number | null): void => this.open(path, line);
    const map = new MapView(store, tip, openTile);
    const table = new TableView(store, host, openAt);
    const code = new CodeView(store, host, tip);
    const compare = new CompareView(store, host);
    const save = editor === null ? null : (format: ExportFormat): void => this.save(format, map, editor);
    const header = new HeaderView(store, editor, save);
    const [answer, other] = [new AnswerView(store, "A"), new AnswerView(store, "B")];
    this.answers.append(answer.element);
    this.secondAnswer = other.element;
    const layers = new LayersView(store);
    const notice = new NoticeView();
    const announcer = new Announcer();
    this.panes.append(map.element, table.element, code.element, compare.element);
    const main = h(
      "main",
      { class: "panel" },
      header.element,
      this.note,
      this.answers,
      layers.element,
      this.busyLine,
      this.problem,
      notice.element,
      this.panes,
    );
    this.root.replaceChildren(main, tip.element, announcer.element);

    const views: readonly View[] = [header, answer, other, layers, notice, map, table, code, compare, announcer];
    store.onPaint((state) => {
      this.updateFrame(state);
      for (const view of views) view.update(state);
    });
    new SumQueries(store, host, (busy) => this.setBusy(busy));
    store.onChange((state) => this.keep(state));
    followTheme(() => {
      code.repaint();
      map.repaint();
    });
    host.start((view) => store.dispatch({ type: "loaded", view, kept: parseKept(host.keeping.getState()) }));
  }

  private updateFrame(state: HeatmapState): void {
    this.panes.hidden = !hasMap(state);
    this.panes.classList.toggle("comparing", state.other !== null);
    this.answers.hidden = state.trace === null;
    this.answers.classList.toggle("two", state.other !== null);
    if (state.other === null) this.secondAnswer?.remove();
    else if (this.secondAnswer?.isConnected === false) this.answers.append(this.secondAnswer);
    this.note.hidden = !state.comparing || state.other !== null;
    setText(
      this.note,
      this.note.hidden ? "" : t("This answer is A. Show the attention of another answer to compare it: it becomes B."),
    );
    this.problem.hidden = state.problem === null;
    setText(
      this.problem,
      state.problem === null ? "" : t("These sums could not be had, so older ones are shown: {0}", state.problem),
    );
  }

  private setBusy(busy: boolean): void {
    clearTimeout(this.busyTimer);
    if (!busy) this.busyLine.hidden = true;
    else this.busyTimer = window.setTimeout(() => (this.busyLine.hidden = false), patience);
  }

  private keep(state: HeatmapState): void {
    clearTimeout(this.keepTimer);
    this.keepTimer = window.setTimeout(() => {
      const kept = keptState(state);
      if (kept !== null) this.host.keeping.setState(kept);
    }, keepDelay);
  }

  /** Saves what the panel shows; pictures are drawn here. */
  private save(format: ExportFormat, map: MapView, editor: EditorActions): void {
    const { trace, other } = this.store.state;
    if (trace === null) return;
    const drawn = map.picture({ trace, other, caption: caption(this.store.state) });
    if (format === "png") editor.export(format, drawn === null ? null : picturePng(drawn.drawing, drawn.palette));
    else if (format === "svg") editor.export(format, drawn === null ? null : toSvg(drawn.drawing, drawn.palette));
    else editor.export(format, null);
  }

  /** Opens a file at a line, else at its densest lines where they are known. */
  private open(path: string, line: number | null): void {
    const file = this.store.state.trace?.files.find((candidate) => candidate.path === path);
    this.host.editor?.open(path, line ?? file?.densest?.[0] ?? 1);
  }
}
