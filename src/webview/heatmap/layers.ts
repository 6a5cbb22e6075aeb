import type { Interval, TraceMap, TraceSummary, TraceSums } from "../../shared/trace";
import { t } from "../common/l10n";
import { h, setAttributes, setText } from "./dom";
import { layerRange } from "./format";
import { hasMap } from "./notice";
import { RadioGroup } from "./radio";
import { shownSums, type HeatmapState, type LayerMode } from "./state";
import { Changes, type Store, type View } from "./store";
import { barHeights } from "./tileSums";

const barHeight = 18;

/** Which layers are meant: all, one, or a band, with the share of folders in each. */
export class LayersView implements View {
  readonly element = h("section", { class: "layers", "aria-label": t("Layers") });
  private readonly modes: RadioGroup<LayerMode>;
  private readonly note = h("span", { class: "dim" });
  private readonly strip = h("div", { class: "layer-strip", role: "slider", tabindex: 0, "aria-label": t("Layers") });
  private readonly changes = new Changes();
  private readonly barChanges = new Changes();
  private readonly bandChanges = new Changes();
  private cells: { readonly element: HTMLElement; readonly bars: readonly HTMLElement[] }[] = [];
  private map: TraceMap | null = null;
  private dragFrom: number | null = null;

  constructor(private readonly store: Store) {
    this.modes = new RadioGroup<LayerMode>(
      t("Layers shown"),
      [
        ["all", t("All")],
        ["one", t("One")],
        ["band", t("Band")],
      ],
      (mode) => store.dispatch({ type: "layerMode", mode }),
    );
    this.element.append(
      h("div", { class: "row small" }, h("strong", {}, t("Layers")), this.modes.element, this.note),
      this.strip,
    );
    this.strip.addEventListener("pointerdown", (event) => this.press(event));
    this.strip.addEventListener("pointerover", (event) => this.drag(event));
    window.addEventListener("pointerup", () => (this.dragFrom = null));
    this.strip.addEventListener("dblclick", () => store.dispatch({ type: "layerMode", mode: "all" }));
    this.strip.addEventListener("keydown", (event) => this.key(event));
  }

  update(state: HeatmapState): void {
    const { trace } = state;
    this.element.hidden = !hasMap(state);
    if (trace === null) return;
    const map = state.map?.map ?? null;
    if (this.changes.since(trace, map)) this.rebuild(trace, map);
    const sums = shownSums(state);
    if (sums !== null && this.barChanges.since(sums, this.map)) this.paintBars(sums);
    if (this.bandChanges.since(state.layers, state.layerMode, trace, this.map)) this.markBand(state);
  }

  private rebuild(trace: TraceSummary, map: TraceMap | null): void {
    this.map = map;
    const selecting = new Set(trace.selectingLayers);
    const every = Math.ceil(trace.layers / 40);
    this.cells = Array.from({ length: trace.layers }, (_, layer) => {
      const bars = (map?.bars ?? []).map(() => h("i"));
      const dense = !selecting.has(layer);
      const element = h(
        "div",
        {
          class: dense ? "layer dense" : "layer",
          "data-layer": layer,
          title: dense ? t("Layer {0} attends to everything", layer) : undefined,
        },
        h("div", { class: "bars" }, ...bars),
        h("span", { class: "layer-number" }, layer % every === 0 ? String(layer) : ""),
      );
      return { element, bars };
    });
    this.strip.style.gridTemplateColumns = `repeat(${trace.layers}, minmax(0, 1fr))`;
    this.strip.replaceChildren(...this.cells.map((cell) => cell.element));
  }

  private paintBars(sums: TraceSums): void {
    if (this.map === null) return;
    const heights = barHeights(this.map, sums);
    this.cells.forEach(({ bars }, layer) =>
      bars.forEach(
        (bar, group) => (bar.style.height = `${Math.max(1, Math.round((heights[layer]?.[group] ?? 0) * barHeight))}px`),
      ),
    );
  }

  private markBand({ layers, layerMode, trace }: HeatmapState): void {
    const all = layerMode === "all";
    this.modes.update(layerMode);
    this.cells.forEach(({ element }, layer) => {
      const inside = layer >= layers[0] && layer < layers[1];
      element.classList.toggle("in", inside && !all);
      element.classList.toggle("lit", inside);
      element.classList.toggle("start", inside && !all && layer === layers[0]);
      element.classList.toggle("end", inside && !all && layer === layers[1] - 1);
    });
    const names = (this.map?.bars ?? []).map((bar) => bar.name).join(", ");
    setText(this.note, t("{0} · bars in each layer: share of {1}", layerRange(layers), names));
    setAttributes(this.strip, {
      "aria-valuemin": 0,
      "aria-valuemax": Math.max(0, (trace?.layers ?? 1) - 1),
      "aria-valuenow": layers[0],
      "aria-valuetext":
        layers[1] - layers[0] === 1 ? t("layer {0}", layers[0]) : t("layers {0} to {1}", layers[0], layers[1] - 1),
    });
  }

  private press(event: PointerEvent): void {
    const layer = layerOf(event);
    if (layer === null || event.button !== 0) return;
    const { layers } = this.store.state;
    this.dragFrom = event.shiftKey ? layers[0] : layer;
    this.choose(span(this.dragFrom, layer));
  }

  private drag(event: PointerEvent): void {
    const layer = layerOf(event);
    if (layer !== null && this.dragFrom !== null) this.choose(span(this.dragFrom, layer));
  }

  private key(event: KeyboardEvent): void {
    const { layers, trace } = this.store.state;
    const count = trace?.layers ?? 0;
    const step =
      event.key === "ArrowRight" || event.key === "ArrowUp"
        ? 1
        : event.key === "ArrowLeft" || event.key === "ArrowDown"
          ? -1
          : 0;
    if (event.key === "a" || event.key === "A") this.store.dispatch({ type: "layerMode", mode: "all" });
    else if (event.key === "Home") this.choose([0, layers[1] - layers[0]]);
    else if (event.key === "End") this.choose([count - (layers[1] - layers[0]), count]);
    else if (step !== 0 && event.shiftKey) this.choose([layers[0], layers[1] + step]);
    else if (step !== 0) this.move(step, layers, count);
    else return;
    event.preventDefault();
  }

  /** Moves the band; from "all", starts with one layer at that end. */
  private move(step: number, layers: Interval, count: number): void {
    if (layers[0] === 0 && layers[1] >= count) this.choose(step > 0 ? [0, 1] : [count - 1, count]);
    else if (layers[0] + step >= 0 && layers[1] + step <= count) this.choose([layers[0] + step, layers[1] + step]);
  }

  private choose(layers: Interval): void {
    this.store.dispatch({ type: "layers", layers });
  }
}

const span = (a: number, b: number): Interval => [Math.min(a, b), Math.max(a, b) + 1];

function layerOf(event: Event): number | null {
  const cell = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-layer]") : null;
  return cell === null ? null : Number(cell.dataset["layer"]);
}
