import { liftClasses } from "./colour";
import type { Ink } from "./drawing";

/** The colours that a drawing is painted with, as CSS colours. */
export interface MapPalette {
  readonly background: string;
  readonly text: string;
  readonly line: string;
  readonly hatch: string;
  readonly lift: readonly string[];
  readonly liftInk: readonly string[];
  readonly ratio: readonly string[];
  readonly ratioInk: readonly string[];
  /** Font families, as in CSS. */
  readonly font: string;
}

/** Class 0 of a comparison is the fourth of seven. */
const alike = 3;

/** The palette of the page's theme. With forced colours there are no fills but the system's. */
export function readPalette(): MapPalette {
  const style = getComputedStyle(document.body);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const forced = matchMedia("(forced-colors: active)").matches;
  const levels = (name: string, system: string): string[] =>
    Array.from({ length: liftClasses }, (_, level) => (forced ? system : read(`--${name}-${level}`)));
  const contrast = document.body.classList.contains("vscode-high-contrast");
  const text = forced ? "CanvasText" : style.color;
  return {
    background: forced ? "Canvas" : read("--lift-0"),
    text,
    line: forced ? "CanvasText" : contrast ? read("--vscode-contrastBorder") || text : mixed(style.color, 0.28),
    hatch: forced ? "CanvasText" : mixed(style.color, 0.5),
    lift: levels("lift", "Canvas"),
    liftInk: levels("ink", "CanvasText"),
    ratio: levels("ratio", "Canvas"),
    ratioInk: levels("ratio-ink", "CanvasText"),
    font: style.fontFamily,
  };
}

/** Fill of an ink. */
export function fillOf(palette: MapPalette, ink: Ink): string {
  if (typeof ink === "string") return palette[ink];
  return (ink.palette === "lift" ? palette.lift[ink.level] : palette.ratio[ink.level + alike]) ?? palette.background;
}

/** Colour of text that stands on an ink. */
export function textOn(palette: MapPalette, ink: Ink): string {
  if (typeof ink === "string") return palette.text;
  return (ink.palette === "lift" ? palette.liftInk[ink.level] : palette.ratioInk[ink.level + alike]) ?? palette.text;
}

/** `rgb(r, g, b)` with an alpha. */
function mixed(colour: string, alpha: number): string {
  const numbers = colour.match(/[\d.]+/g) ?? [];
  return numbers.length < 3 ? colour : `rgba(${numbers.slice(0, 3).join(", ")}, ${alpha})`;
}
