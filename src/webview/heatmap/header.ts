import { baseName } from "../../shared/fileTree";
import type { TracePhase } from "../../shared/trace";
import type { ExportFormat } from "../../shared/views";
import { t } from "../common/l10n";
import { h, setAttributes } from "./dom";
import type { EditorActions } from "./host";
import { icon } from "./icons";
import { Menu } from "./menu";
import { RadioGroup } from "./radio";
import { zoomOutPath, type HeatmapState } from "./state";
import { Changes, type Store, type View } from "./store";

/** Zoom path on the left, the phase on the right. Bold is what the map shows, plain after it the selected file. */
export class HeaderView implements View {
  readonly element = h("header", { class: "header small" });
  private readonly path = h("nav", { class: "path", "aria-label": t("Shown folder") });
  private readonly phases: RadioGroup<TracePhase>;
  private readonly zoomOut = h(
    "button",
    { class: "icon-button", type: "button", "aria-label": t("Zoom out"), title: t("Zoom out (Backspace)") },
    "−",
  );
  private readonly tools = h("div", { class: "row" });
  private readonly changes = new Changes();

  private readonly compare = h("button", { class: "tool", type: "button", "aria-pressed": "false" }, t("Compare"));

  /** @param save saves the heatmap; null where there is no editor */
  constructor(
    private readonly store: Store,
    editor: EditorActions | null,
    save: ((format: ExportFormat) => void) | null,
  ) {
    this.phases = new RadioGroup<TracePhase>(
      t("Phase"),
      [
        ["answer", t("Answering")],
        ["question", t("Reading the question")],
      ],
      (phase) => store.dispatch({ type: "phase", phase }),
    );
    const skip = h("a", { class: "skip", href: "#table" }, t("Skip to table"));
    skip.addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById("table")?.focus();
    });
    this.zoomOut.addEventListener("click", () => {
      const path = zoomOutPath(store.state);
      if (path !== null) store.dispatch({ type: "zoom", path });
    });
    const grow = h("span", { class: "grow" });
    this.element.append(skip, this.path, grow, this.phases.element, this.tools, this.zoomOut);
    if (editor === null || save === null) return;
    const toggle = (): void => editor.compare(!store.state.comparing);
    setAttributes(this.compare, { title: t("Compare with the next answer that is shown (C)") });
    this.compare.addEventListener("click", toggle);
    const formats = [
      ["png", t("Picture (PNG)")],
      ["svg", t("Drawing (SVG)")],
      ["html", t("Page that needs nothing else (HTML)")],
      ["json", t("Data (JSON)")],
    ] as const;
    this.tools.append(this.compare, new Menu<ExportFormat>(t("Save as"), t("Save…"), formats, save).element);
    document.addEventListener("keydown", (event) => {
      if (isTyping(event) || store.state.trace === null) return;
      if (event.key === "c" || event.key === "C") toggle();
      else if ((event.key === "s" || event.key === "S") && store.state.other !== null) editor.swap();
      else return;
      event.preventDefault();
    });
  }

  update({ trace, zoom, selected, phase, kind, comparing }: HeatmapState): void {
    if (!this.changes.since(trace, zoom, selected, phase, kind, comparing)) return;
    this.phases.element.hidden = this.zoomOut.hidden = this.tools.hidden = trace === null;
    setAttributes(this.compare, { "aria-pressed": comparing ? "true" : "false" });
    this.phases.update(phase);
    setAttributes(this.zoomOut, { disabled: zoom === "" });
    this.path.replaceChildren();
    this.crumb(t("Workspace"), "", zoom === "");
    const folders = zoom === "" ? [] : zoom.split("/");
    folders.forEach((name, at) => this.crumb(name, folders.slice(0, at + 1).join("/"), at === folders.length - 1));
    if (selected === null || trace === null || selected === zoom) return;
    const rest = selected.startsWith(`${zoom}/`)
      ? selected.slice(zoom.length + 1)
      : zoom === ""
        ? selected
        : baseName(selected);
    for (const part of rest.split("/")) this.path.append(icon("chevron"), h("span", { class: "dim" }, part));
  }

  private crumb(name: string, path: string, current: boolean): void {
    if (path !== "") this.path.append(icon("chevron"));
    const button = h(
      "button",
      { type: "button", class: current ? "current" : "dim", "aria-current": current ? "true" : undefined },
      name,
    );
    button.addEventListener("click", () => this.store.dispatch({ type: "zoom", path }));
    this.path.append(button);
  }
}

/** Keys with modifiers, in text and in the table, which filters by them, are not for the panel. */
function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const inText = target instanceof Element && target.closest("input, textarea, [role=grid], [role=slider]") !== null;
  return inText || ctrlKey || metaKey || altKey;
}
