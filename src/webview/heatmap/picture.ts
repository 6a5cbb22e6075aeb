/** The map as a picture of its own: question on top, map, legend below. */
import type { TraceSummary } from "../../shared/trace";
import { t } from "../common/l10n";
import { paintShapes } from "./canvasPainter";
import { liftLabels, ratioLabels } from "./colour";
import { cutText, type Ink, type Shape } from "./drawing";
import type { MapDrawing } from "./map";
import type { MapPalette } from "./palette";
import type { Measure } from "./tileText";

const margin = 12;
const line = 18;
/** Pixels of the picture for each CSS pixel. */
const sharpness = 2;

/** What the picture says besides the map. */
export interface PictureText {
  readonly trace: TraceSummary;
  readonly other: TraceSummary | null;
  /** Which selections are shown, in words. */
  readonly caption: string;
}

/** All shapes of the picture, and its size in CSS pixels. */
export function composePicture(map: MapDrawing, { trace, other, caption }: PictureText, measure: Measure): MapDrawing {
  const width = map.width + 2 * margin;
  const titles = [
    other === null ? trace.question : `A: ${trace.question}`,
    ...(other === null ? [] : [`B: ${other.question}`]),
  ];
  const head = [...titles, `${caption} · ${trace.model} · ${trace.asOf}`];
  const top = margin + head.length * line + 4;
  const shapes: Shape[] = head.map((text, at) => ({
    kind: "text",
    x: margin,
    y: margin + at * line + 12,
    text: cutText(text.replace(/\s+/g, " "), map.width, measure),
    on: "background",
    bold: at < titles.length,
  }));
  shapes.push(...map.shapes.map((shape) => ({ ...shape, x: shape.x + margin, y: shape.y + top })));
  const foot = top + map.height + 8;
  shapes.push(...legendShapes(margin, foot, other !== null, measure));
  return { shapes, width, height: foot + line + margin };
}

function legendShapes(left: number, y: number, comparing: boolean, measure: Measure): Shape[] {
  const shapes: Shape[] = [];
  let x = left;
  const write = (text: string, on: Ink): void => {
    shapes.push({ kind: "text", x, y: y + 12, text, on, bold: false });
    x += measure(text) + 8;
  };
  write(comparing ? t("More in A") : t("Lift"), "background");
  (comparing ? ratioLabels : liftLabels).forEach((label, level) => {
    const text = label === "" ? t("alike") : label;
    const colour: Ink = comparing ? { palette: "ratio", level: level - 3 } : { palette: "lift", level };
    const box = { x: x - 4, y, width: measure(text) + 10, height: 16 };
    shapes.push({ kind: "fill", ...box, colour }, { kind: "frame", ...box, colour: "line" });
    x += 1;
    write(text, colour);
    x += 1;
  });
  x += 6;
  write(comparing ? t("More in B") : t("1 = its fair share"), "background");
  shapes.push({ kind: "hatch", x, y, width: 22, height: 15 });
  x += 28;
  write(t("Always selected, so not counted"), "background");
  return shapes;
}

/** Base64 of a PNG. @throws Error where the browser has no canvas */
export function picturePng({ shapes, width, height }: MapDrawing, palette: MapPalette): string {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * sharpness);
  canvas.height = Math.round(height * sharpness);
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) throw new Error("no canvas");
  context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
  context.fillStyle = palette.background;
  context.fillRect(0, 0, width, height);
  paintShapes(context, shapes, palette);
  return canvas.toDataURL("image/png").replace(/^data:[^,]*,/, "");
}
