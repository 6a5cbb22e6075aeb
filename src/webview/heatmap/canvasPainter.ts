import type { Shape } from "./drawing";
import { fillOf, textOn, type MapPalette } from "./palette";

const fontSize = 11;
const hatchStep = 5;

/** Draws shapes in CSS pixels. */
export function paintShapes(context: CanvasRenderingContext2D, shapes: readonly Shape[], palette: MapPalette): void {
  const regular = `${fontSize}px ${palette.font}`;
  const bold = `600 ${fontSize}px ${palette.font}`;
  context.textBaseline = "alphabetic";
  context.lineWidth = 1;
  let font = "";
  for (const shape of shapes) {
    switch (shape.kind) {
      case "fill":
        context.fillStyle = fillOf(palette, shape.colour);
        context.fillRect(shape.x, shape.y, shape.width, shape.height);
        break;
      case "frame":
        context.strokeStyle = fillOf(palette, shape.colour);
        context.strokeRect(shape.x + 0.5, shape.y + 0.5, shape.width - 1, shape.height - 1);
        break;
      case "hatch":
        hatch(context, shape.x, shape.y, shape.width, shape.height, palette.hatch);
        break;
      case "text": {
        const wanted = shape.bold ? bold : regular;
        if (wanted !== font) context.font = font = wanted;
        context.fillStyle = textOn(palette, shape.on);
        context.fillText(shape.text, shape.x, shape.y);
      }
    }
  }
}

/** Lines from lower left to upper right, at the same places in every tile, so that neighbours meet. */
function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.beginPath();
  const first = Math.ceil((x + y) / hatchStep) * hatchStep;
  for (let sum = first; sum <= x + y + width + height; sum += hatchStep) {
    context.moveTo(sum - y, y);
    context.lineTo(sum - y - height, y + height);
  }
  context.stroke();
  context.restore();
}

/** Width of a text on a tile, without touching the page's layout. Bold, as the widest. */
export function textMeasure(font: string): (text: string) => number {
  const context = document.createElement("canvas").getContext("2d");
  if (context !== null) context.font = `600 ${fontSize}px ${font}`;
  const known = new Map<string, number>();
  return (text) => {
    const width = known.get(text);
    if (width !== undefined) return width;
    const measured = context === null ? text.length * 6 : context.measureText(text).width;
    known.set(text, measured);
    return measured;
  };
}
