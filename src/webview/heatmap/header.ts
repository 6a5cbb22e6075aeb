import { baseName } from "../../shared/fileTree";
import type { TracePhase } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setAttributes } from "./dom";
import { icon } from "./icons";
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
  private readonly changes = new Changes();

  constructor(private readonly store: Store) {
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
    this.element.append(skip, this.path, h("span", { class: "grow" }), this.phases.element, this.zoomOut);
  }

  update({ trace, zoom, selected, phase, kind }: HeatmapState): void {
    if (!this.changes.since(trace, zoom, selected, phase, kind)) return;
    this.phases.element.hidden = this.zoomOut.hidden = trace === null;
    this.phases.update(phase);
    setAttributes(this.zoomOut, { disabled: zoom === "" });
    this.path.replaceChildren();
    this.crumb(t("Workspace"), "", zoom === "");
    const folders = zoom === "" ? [] : zoom.split("/");
    folders.forEach((name, at) => this.crumb(name, folders.slice(0, at + 1).join("/"), at === folders.length - 1));
    if (selected === null || trace === null) return;
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
