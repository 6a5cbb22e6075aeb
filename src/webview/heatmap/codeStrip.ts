import type { FileTrace, Interval } from "../../shared/trace";
import { t } from "../common/l10n";
import { countClass, liftClasses } from "./colour";
import { h } from "./dom";

/** All lines of a file in one narrow column: colour by the line's mean, a frame around what is in view; click jumps. */
export class CodeStrip {
  readonly element = h("div", { class: "strip", title: t("All lines of the file"), "aria-hidden": "true" });
  private readonly canvas = h("canvas");
  private readonly frame = h("div", { class: "strip-frame" });
  private file: FileTrace | null = null;

  constructor(goTo: (line: number) => void) {
    this.element.append(this.canvas, this.frame);
    new ResizeObserver(() => this.paint()).observe(this.element);
    this.element.addEventListener("pointerdown", (event) => {
      const { top, height } = this.element.getBoundingClientRect();
      goTo(1 + Math.floor(((event.clientY - top) / Math.max(1, height)) * (this.file?.lineCount ?? 1)));
    });
  }

  setFile(file: FileTrace): void {
    this.file = file;
    this.paint();
  }

  setVisible([from, to]: Interval): void {
    const lines = Math.max(1, this.file?.lineCount ?? 1);
    this.frame.style.top = `${((from - 1) / lines) * 100}%`;
    this.frame.style.height = `${(Math.min(lines, to - from) / lines) * 100}%`;
  }

  /** Draws the highest line of each pixel row, so that nothing selected is lost in a long file. */
  paint(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const context = this.canvas.getContext("2d");
    if (this.file === null || context === null || width === 0 || height === 0) return;
    const scale = devicePixelRatio;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const style = getComputedStyle(document.body);
    const colours = Array.from({ length: liftClasses }, (_, level) => style.getPropertyValue(`--lift-${level}`));
    const { strip, maxCount, lineCount } = this.file;
    const perLine = this.canvas.height / Math.max(1, lineCount);
    const levels = new Uint8Array(this.canvas.height);
    strip.forEach((mean, line) => {
      const level = countClass(mean, maxCount);
      const from = Math.floor(line * perLine);
      const to = Math.max(from + 1, Math.floor((line + 1) * perLine));
      for (let y = from; y < to && y < levels.length; y++) levels[y] = Math.max(levels[y] ?? 0, level);
    });
    levels.forEach((level, y) => {
      if (level === 0) return;
      context.fillStyle = colours[level] ?? "";
      context.fillRect(0, y, this.canvas.width, 1);
    });
  }
}
